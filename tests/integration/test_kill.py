"""kill -9 at every step of a checkout (F4): one order or none, and a cart that agrees with it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from sqlalchemy import func, select

from demoapp.shop.models import Order, Product
from tests.shops import Visitor

RUNS = 36
"""Kills for a strategy and database: half over the whole checkout, half around its commit."""
LOCKED = 15_000
"""Milliseconds after which nothing in Redis is locked by a process that has gone."""


@pytest.fixture(scope="module")
def doomed() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.integration.killed_checkout"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


@pytest.mark.parametrize(
    ("strategy", "database"),
    [
        ("memory", "sqlite_url"),
        ("redis", "sqlite_url"),
        ("redis", "postgres_url"),
        ("database", "sqlite_url"),
        ("database", "postgres_url"),
        ("custom", "sqlite_url"),
    ],
)
def test_a_killed_checkout_is_one_order_or_none_F4(
    request: pytest.FixtureRequest,
    start_shop: Any,
    doomed: subprocess.Popen[str],
    strategy: str,
    database: str,
) -> None:
    url = request.getfixturevalue(database)
    settings = {}
    if strategy == "redis":
        settings["session.redis.url"] = request.getfixturevalue("redis_server").url
    shop = start_shop(strategy, **settings, **{"sqlalchemy.url": url})
    world = World(shop, doomed, {"strategy": strategy, "database": url, "settings": settings})
    steps = world.check_out(kill_at=0)
    assert steps > RUNS
    half = RUNS // 2
    points = [1 + steps * run // half for run in range(half)]
    points += [int(steps * (0.88 + 0.12 * run / half)) for run in range(half)]
    outcomes = [world.check_out(kill_at=point) for point in points]
    # killed early it is none, killed late it is one: both must have been seen
    assert {0, 1} <= set(outcomes)


class World:
    """A shop that lives, beside a process that does not."""

    def __init__(self, shop: Any, doomed: subprocess.Popen[str], base: dict[str, Any]) -> None:
        self.shop, self.doomed, self.base = shop, doomed, base
        self.runs = 0

    def check_out(self, kill_at: int) -> int:
        """A checkout killed at that step: how many orders came of it. 0: not killed; its steps."""
        self.runs += 1
        visitor, stock = Visitor(self.shop), self.stock()
        token = visitor.token()
        visitor.post("/cart/items", {"csrf_token": token, "sku": "sejak", "quantity": "2"})
        cart = visitor.state()["cart"]["id"]
        fields = {"name": "민지", "address": "서울", "cart_id": cart, "csrf_token": token}
        end = self.submit(visitor, fields, kill_at)
        placed = self.orders(end["cart"])
        if kill_at == 0:
            assert placed == 1
            return int(end["steps"])
        assert end["status"] == signal.SIGKILL or end["steps"]  # some steps fewer this time
        assert placed in (0, 1)
        assert self.stock() == stock - 2 * placed
        if self.base["strategy"] == "memory":
            return placed  # the session has died with its process, as documented
        self.end_dead_locks()
        assert visitor.state()["cart"]["quantity"] == 2 * (1 - placed)
        if self.runs % 4 == 0:  # the visitor tries again
            assert visitor.send("/checkout", **fields).status_int == 303
            assert self.orders(cart) == 1
            assert visitor.state()["cart"]["quantity"] == 0
        return placed

    def submit(self, visitor: Visitor, fields: dict[str, str], kill_at: int) -> Any:
        cookie = visitor.cookie_header()
        order = {**self.base, "fields": fields, "cookie": cookie, "kill_at": kill_at}
        assert self.doomed.stdin
        assert self.doomed.stdout
        self.doomed.stdin.write(json.dumps(order) + "\n")
        self.doomed.stdin.flush()
        return json.loads(self.doomed.stdout.readline())

    def end_dead_locks(self) -> None:
        """A database sees that a client has gone; in Redis a lock ends with time, which passes."""
        if url := self.base["settings"].get("session.redis.url"):
            with redis.Redis.from_url(url) as client:
                for key in client.scan_iter():
                    if (left := client.pttl(key)) >= 0:
                        client.pexpire(key, left - LOCKED)

    def orders(self, cart: str) -> int:
        query = select(func.count()).select_from(Order).where(Order.cart_id == cart)
        with self.shop.registry["dbsession_factory"]() as session:
            return int(session.scalar(query))

    def stock(self) -> int:
        with self.shop.registry["dbsession_factory"]() as session:
            return int(session.scalar(select(Product.stock).where(Product.sku == "sejak")))
