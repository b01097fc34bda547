"""One process of the shop, for a test that wants it alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration.conftest import DEVELOPMENT
from tests.processes import Shop


@contextmanager
def running(request: pytest.FixtureRequest, backend: str) -> Iterator[Shop]:
    """`with running(request, "database-postgres") as shop:` over stores of its own."""
    strategy, database = backend.split("-")
    settings = {"sqlalchemy.url": request.getfixturevalue(f"{database}_url")}
    if strategy == "redis":
        settings["session.redis.url"] = request.getfixturevalue("redis_server").url
    with Shop(DEVELOPMENT, strategy, settings=settings) as shop:
        yield shop
