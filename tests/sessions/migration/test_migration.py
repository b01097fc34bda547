"""`session.migrate_from`: the ini line is switched while visitors are in the shop."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import redis

from demoapp.sessions.interfaces import ISessionStore
from demoapp.shop.accounts import DEMO_PASSWORD
from tests.servers import RedisServer
from tests.sessions.migration.moving import arrive, cookies_of, shopper
from tests.shops import Visitor

SURVIVING = ("redis", "database", "custom")
PAIRS = [(old, new) for old in SURVIVING for new in (*SURVIVING, "memory") if old != new]


@pytest.fixture(params=PAIRS, ids="-".join)
def switched(
    request: pytest.FixtureRequest, start_shop: Callable[..., Any], sqlite_url: str
) -> tuple[Any, Any]:
    """A shop, and the same shop after its strategy was switched."""
    old, new = request.param
    base = {"sqlalchemy.url": sqlite_url}
    base["session.redis.url"] = request.getfixturevalue("redis_server").url
    return start_shop(old, **base), start_shop(new, **base, **{"session.migrate_from": old})


def test_cart_and_login_are_kept_and_moved_by_the_next_write(switched: tuple[Any, Any]) -> None:
    before, after = switched
    old = cookies_of(shopper(before))
    visitor = arrive(after, old)
    for _ in range(2):
        state = visitor.state()
        assert (state["user"], state["cart"]["quantity"], state["new"]) == ("demo", 3, False)
    assert visitor.send("/cart/items", sku="sejak").status_int == 303
    moved = visitor.state()
    assert (moved["user"], moved["cart"]["quantity"]) == ("demo", 4)
    assert visitor.cookie() is not None


def test_a_session_that_was_moved_and_ended_does_not_come_back(switched: tuple[Any, Any]) -> None:
    before, after = switched
    old = cookies_of(shopper(before))
    visitor = arrive(after, old)
    visitor.send("/cart/items", sku="sejak")
    new = cookies_of(visitor)
    assert visitor.send("/logout").status_int == 303
    for cookies in (old, new):
        state = arrive(after, cookies).state()
        assert (state["user"], state["cart"]["quantity"]) == (None, 0)
    assert visitor.log_in().status_int == 303
    assert visitor.state()["cart"]["quantity"] == 4


def test_an_old_cookie_is_void_after_the_move(switched: tuple[Any, Any]) -> None:
    before, after = switched
    old = cookies_of(shopper(before))
    visitor = arrive(after, old)
    visitor.send("/cart/items", sku="sejak")
    thief = arrive(after, old)
    if visitor.cookie() == old["session"]:  # one server to the next: the id has not changed
        assert thief.state()["cart"]["quantity"] == 4
    else:
        assert thief.state()["user"] is None
        assert thief.state()["handle"] is None
    if before.registry.queryUtility(ISessionStore):  # and the old place has nothing more
        assert arrive(before, old).state()["user"] is None


def test_login_and_logout_end_an_unmoved_session(switched: tuple[Any, Any]) -> None:
    before, after = switched
    guest = Visitor(before)
    guest.send("/cart/items", sku="ujeon", quantity="2")
    old = cookies_of(guest)
    visitor = arrive(after, old)
    assert visitor.log_in().status_int == 303
    assert visitor.state()["cart"]["quantity"] == 2
    assert arrive(after, old).state()["user"] is None
    user = cookies_of(shopper(before))
    assert arrive(after, user).send("/logout").status_int == 303
    assert arrive(after, user).state()["user"] is None


def test_a_moved_session_is_on_its_users_list_of_devices(switched: tuple[Any, Any]) -> None:
    before, after = switched
    visitor = arrive(after, cookies_of(shopper(before)))
    visitor.send("/cart/items", sku="sejak")
    if not after.registry.queryUtility(ISessionStore):
        return
    other = Visitor(after)
    other.log_in()
    devices = other.get("/account/sessions")
    assert visitor.state()["handle"] in devices.text
    fields = {"current": DEMO_PASSWORD, "new": "another good password"}
    assert other.send("/account/password", **fields).status_int == 303
    assert visitor.state()["user"] is None


@pytest.fixture
def who_may_not_delete(redis_server: RedisServer) -> str:
    """The URL of a Redis where every session can be read, and none be ended."""
    with closing(redis.Redis.from_url(redis_server.url)) as client:
        commands = ["+@all", "-del", "-unlink"]
        client.acl_setuser("reader", enabled=True, nopass=True, keys=["*"], commands=commands)
    return redis_server.url.replace("redis://", "redis://reader:any@")


@pytest.mark.parametrize("new", ["database", "memory"])
@pytest.mark.parametrize("moved", [True, False])
def test_an_ended_session_does_not_rise_where_the_old_store_cannot_delete(
    start_shop: Callable[..., Any],
    sqlite_url: str,
    redis_server: RedisServer,
    who_may_not_delete: str,
    monkeypatch: pytest.MonkeyPatch,
    new: str,
    moved: bool,
) -> None:
    base = {"sqlalchemy.url": sqlite_url, "session.redis.url": redis_server.url}
    before = start_shop("redis", **base)
    base["session.redis.url"] = who_may_not_delete
    after = start_shop(new, **base, **{"session.migrate_from": "redis"})
    old = cookies_of(shopper(before))
    visitor = arrive(after, old)
    if moved:
        assert visitor.send("/cart/items", sku="sejak").status_int == 303
    assert visitor.send("/logout").status_int == 303
    assert arrive(before, old).state()["cart"]["quantity"] == 3  # it is still there
    now = [time.time()]
    monkeypatch.setattr("time.time", lambda: now[0])
    for seconds in (0, 61, 1000):
        now[0] += seconds
        assert arrive(after, old).state()["user"] is None


def test_an_old_id_is_as_good_as_unknown_a_minute_after_its_end(
    switched: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is remembered for longer, but nobody is kept from beginning anew."""
    before, after = switched
    old = cookies_of(shopper(before))
    arrive(after, old).send("/logout")
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 61)
    visitor = arrive(after, old)
    assert visitor.send("/cart/items", sku="sejak").status_int == 303
    assert visitor.state()["cart"]["quantity"] == 1
