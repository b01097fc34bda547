"""Fixtures for every test. The servers start with the first test that asks, once."""

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests import passwords  # noqa: F401 - before the shop
from tests.servers import PgBouncer, PostgresServer, RedisServer
from tests.shops import STRATEGIES, close_shop, copy_sqlite, fill, open_shop

gc.set_threshold(20_000, 10, 10)  # what a worker has imported is large: a fifth of its time


class PatientRedis(RedisServer):
    """Nobody gives it up: on a busy machine one that works may be silent for a second, too."""

    @property
    def url(self) -> str:
        return f"{super().url}?socket_timeout=20&socket_connect_timeout=20"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """Shared: flush it, but start one of your own to stop, pause or fill it."""
    with PatientRedis() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Shared: create a database in it, but start one of your own to stop or pause it."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer(postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    """Shared, before `postgres_server`. Two connections at most to a database."""
    with PgBouncer(postgres_server, default_pool_size=2) as server:
        yield server


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite database to copy."""
    path = tmp_path_factory.mktemp("seeded") / "template.sqlite"
    fill(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def seeded_template(postgres_server: PostgresServer) -> str:
    """A filled PostgreSQL database to copy; its name."""
    fill(postgres_server.create_database("seeded"))
    return "seeded"


@pytest.fixture
def sqlite_url(seeded_file: Path, tmp_path: Path) -> str:
    return copy_sqlite(seeded_file, tmp_path)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, seeded_template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    yield postgres_server.create_database(name, seeded_template)
    postgres_server.drop_database(name)


@pytest.fixture
def start_shop(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """`start_shop("redis", **settings)`: the shop on a real store, on SQLite unless told."""
    shops = []

    def start(strategy: str, **settings: str) -> Any:
        if strategy == "redis":
            settings.setdefault("session.redis.url", request.getfixturevalue("redis_server").url)
        url = settings.pop("sqlalchemy.url", None) or request.getfixturevalue("sqlite_url")
        shops.append(open_shop(strategy, url, settings))
        return shops[-1]

    yield start
    for shop in shops:
        close_shop(shop)


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float]]:
    """What each thread has waited for silent servers: its number, and a time-out that ran out.

    A clock would tell how fast the machine is as well.
    """
    told: list[tuple[int, float]] = []
    listen = socket.socket.recv_into

    def recv_into(self: socket.socket, *args: Any) -> int:
        try:
            return listen(self, *args)
        except TimeoutError:
            told.append((threading.get_ident(), self.gettimeout() or 0))
            raise

    monkeypatch.setattr(socket.socket, "recv_into", recv_into)
    return told


@pytest.fixture(params=STRATEGIES)
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shop(start_shop: Callable[..., Any], strategy: str) -> Any:
    """The shop on each strategy in turn."""
    return start_shop(strategy)


@pytest.fixture
def memory(start_shop: Callable[..., Any]) -> Any:
    """The shop on one strategy, where all four would say the same."""
    return start_shop("memory")
