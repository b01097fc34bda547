"""Fixtures for every test. The servers start with the first test that asks, once."""

from collections.abc import Iterator

import pytest

from tests.servers import PostgresServer, RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """Shared: flush it, but start one of your own to stop, pause or fill it."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Shared: create a database in it, but start one of your own to stop or pause it."""
    with PostgresServer() as server:
        yield server
