"""Two processes of the shop under pserve, over real stores."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from demoapp.db import make_engine
from tests.integration.client import Client
from tests.processes import Shop
from tests.shops import copy_sqlite

ROOT = Path(__file__).resolve().parents[2]
DEVELOPMENT = ROOT / "development.ini"
BACKENDS = (
    "memory-sqlite",
    "redis-sqlite",
    "redis-postgres",
    "database-sqlite",
    "database-postgres",
    "custom-sqlite",
)
"""Where the session is, and where the rest is."""


@dataclass(frozen=True)
class Deployment:
    """Processes with the same settings; each also has the pages of tests.integration.probe."""

    strategy: str
    database_url: str
    shops: list[Shop]

    @property
    def sharing(self) -> list[Shop]:
        """Those that a load balancer may spread one visitor's requests over."""
        return self.shops[:1] if self.strategy == "memory" else self.shops

    def client(self, number: int = 0, cookies: Mapping[str, str] | None = None) -> Client:
        """Requests of one visitor; the number chooses the process."""
        return Client(self.sharing[number % len(self.sharing)].base_url, cookies)

    def sql(self, statement: str) -> Any:
        """Run one statement in the shop's database; its first value, if it has one."""
        engine = make_engine(self.database_url)
        try:
            with engine.begin() as connection:
                result = connection.execute(text(statement))
                return result.scalar() if result.returns_rows else None
        finally:
            engine.dispose()

    def replays(self) -> int:
        """How many requests were replayed since the processes began."""
        total = 0
        for shop in self.shops:
            with Client(shop.base_url) as client:
                total += int(client.get("/probe/replays").text)
        return total


@pytest.fixture(scope="session", params=BACKENDS)
def deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """On each backend in turn; shared by all tests, so leave no process stopped behind."""
    strategy, database = request.param.split("-")
    if database == "sqlite":
        folder = tmp_path_factory.mktemp(request.param)
        url = copy_sqlite(request.getfixturevalue("seeded_file"), folder)
    else:
        server = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("seeded_template")
        url = server.create_database(f"shop_{uuid4().hex}", template)
    settings = {"sqlalchemy.url": url, "pyramid.includes": "tests.integration.probe"}
    settings["session.wait_timeout"] = "50"  # on a slow machine the last of many is not refused
    if strategy == "redis":
        settings["session.redis.url"] = request.getfixturevalue("redis_server").url
    with ExitStack() as stack:
        shops = [
            stack.enter_context(closing(Shop(DEVELOPMENT, strategy, settings=settings)))
            for _ in range(2)
        ]
        with ThreadPoolExecutor() as pool:
            list(pool.map(Shop.start, shops))
        yield Deployment(strategy, url, shops)
