"""The four stores, each with a bare application on it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers import PostgresServer
from tests.sessions.bare import make_place as make_place
from tests.sessions.beds import Bed, Clock, DatabaseBed, MemoryBed, RedisBed
from tests.sessions.visitor import Visitor

STORES = ("memory", "redis", "sqlite", "postgresql")
MakeBed = Callable[[str, Clock], Bed]


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


@pytest.fixture(params=STORES)
def bed(request: pytest.FixtureRequest, one_bed: Callable[[str], Bed]) -> Bed:
    """Every store in turn, with an application on it."""
    return one_bed(request.param).start()


@pytest.fixture
def visitor(bed: Bed) -> Visitor:
    return Visitor(bed.app)
