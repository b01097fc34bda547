"""A shop for a whole module of tests that leave no trace in it; and time that passes when told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.servers import RedisServer
from tests.sessions.beds import Clock
from tests.shops import STRATEGIES, close_shop, copy_sqlite, open_shop


@pytest.fixture(autouse=True)
def _empty_redis(request: pytest.FixtureRequest) -> None:
    """Passwords tried in one test would count in the next. Not under a shop that lasts."""
    if "lasting_shop" not in request.fixturenames:
        empty(request.getfixturevalue("redis_server"))


def empty(server: RedisServer) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.flushdb()


@pytest.fixture(scope="module", params=STRATEGIES)
def lasting_shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, seeded_file: Path
) -> Iterator[Any]:
    """One on each strategy; like `shop`, but quicker, as it is opened once."""
    settings = {}
    if request.param == "redis":
        server = request.getfixturevalue("redis_server")
        settings["session.redis.url"] = server.url
        empty(server)
    url = copy_sqlite(seeded_file, tmp_path_factory.mktemp(request.param))
    shop = open_shop(request.param, url, settings)
    yield shop
    close_shop(shop)


@pytest.fixture
def pass_time(redis_server: RedisServer) -> Iterator[Callable[[float], None]]:
    """`pass_time(60)`: a minute later, on every strategy. Else no time passes at all.

    Redis has a clock of its own: every key loses as much of its time to live. There a slow
    machine counts as well, so a test takes limits of minutes.
    """
    with Clock() as clock, redis.Redis.from_url(redis_server.url) as client:

        def move(seconds: float) -> None:
            clock.now += seconds
            for key in client.scan_iter():
                if (left := client.pttl(key)) >= 0:
                    client.pexpire(key, left - int(seconds * 1000))

        yield move
