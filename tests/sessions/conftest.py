"""The four stores, each with a bare application on it; or, with `--store`, one of yours."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers import PostgresServer
from tests.sessions.bare import make_place as make_place
from tests.sessions.beds import Bed, Clock, DatabaseBed, MemoryBed, OwnBed, RedisBed
from tests.sessions.visitor import Visitor

STORES = ("memory", "redis", "sqlite", "postgresql")
MakeBed = Callable[[str, Clock], Bed]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--store",
        metavar="FACTORY",
        help="a session.custom.factory: run the tests of every store over its store alone",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(method): what only a store with that method can do")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind_of_bed" in metafunc.fixturenames:
        own: str | None = metafunc.config.getoption("--store", None)
        metafunc.parametrize("kind_of_bed", [pytest.param(own, id="own")] if own else STORES)


def fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--store", None):
        others = [item for item in items if "kind_of_bed" not in fixtures(item)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def session_database(postgres_server: PostgresServer) -> str:
    return postgres_server.create_database("sessions")


@pytest.fixture(scope="session")
def make_bed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MakeBed:
    """`make_bed(store, clock)`: an empty store of that kind, its server running."""

    def make(store: str, clock: Clock) -> Bed:
        if store == "memory":
            return MemoryBed(clock)
        if store == "redis":
            return RedisBed(clock, request.getfixturevalue("redis_server").url)
        if store == "sqlite":
            file: Path = tmp_path_factory.mktemp("sessions") / "sessions.sqlite"
            return DatabaseBed(clock, store, f"sqlite:///{file}")
        if store not in STORES:
            return OwnBed(clock, store, tmp_path_factory.mktemp("own"))
        return DatabaseBed(clock, store, request.getfixturevalue("session_database"))

    return make


@pytest.fixture
def clock() -> Iterator[Clock]:
    with Clock() as clock:
        yield clock


@pytest.fixture
def one_bed(make_bed: MakeBed, clock: Clock) -> Iterator[Callable[[str], Bed]]:
    """`one_bed("redis")`: for tests of one store, or that open the application themselves."""
    with ExitStack() as stack:

        def make(store: str) -> Bed:
            bed = make_bed(store, clock)
            stack.callback(bed.close)
            return bed

        yield make


@pytest.fixture
def bed(request: pytest.FixtureRequest, one_bed: Callable[[str], Bed], kind_of_bed: str) -> Bed:
    """Every store in turn, with an application on it."""
    bed = one_bed(kind_of_bed).start()
    if isinstance(bed, OwnBed):
        for mark in request.node.iter_markers("needs"):
            if not bed.has(mark.args[0]):
                pytest.skip(f"the store has no {mark.args[0]}() of its own")
    return bed


@pytest.fixture
def visitor(bed: Bed) -> Visitor:
    return Visitor(bed.app)
