"""Processes of the shop under pserve, over real stores."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.processes import Shop

DEVELOPMENT = Path(__file__).resolve().parents[2] / "development.ini"
BACKENDS = (
    "memory-sqlite",
    "redis-sqlite",
    "redis-postgres",
    "database-sqlite",
    "database-postgres",
    "custom-sqlite",
)
"""Where the session is, and where the rest is."""

StartShops = Callable[..., list[Shop]]


@pytest.fixture
def start_shops(request: pytest.FixtureRequest) -> Iterator[StartShops]:
    """`start_shops("redis-sqlite", 2)`: two processes over the same stores.

    Each has the pages of tests.integration.probe besides its own.
    """
    with ExitStack() as stack:

        def start(backend: str, count: int = 1, **settings: str) -> list[Shop]:
            strategy, database = backend.split("-")
            settings.setdefault("pyramid.includes", "tests.integration.probe")
            settings["sqlalchemy.url"] = request.getfixturevalue(f"{database}_url")
            if strategy == "redis":
                settings.setdefault(
                    "session.redis.url", request.getfixturevalue("redis_server").url
                )
            shops = [Shop(DEVELOPMENT, strategy, settings=settings) for _ in range(count)]
            for shop in shops:
                stack.enter_context(closing(shop))
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(Shop.start, shops))
            return shops

        yield start


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)
