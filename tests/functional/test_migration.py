"""`session.migrate_from`: the ini line is switched while visitors are in the shop."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import redis
from sqlalchemy import update

from demoapp.sessions.database import sessions
from demoapp.sessions.ini import SettingsError
from demoapp.sessions.interfaces import ISessionStore
from demoapp.shop.accounts import DEMO_PASSWORD
from tests.processes import free_port
from tests.servers import RedisServer
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


def arrive(shop: Any, cookies: dict[str, str]) -> Visitor:
    visitor = Visitor(shop)
    for name, value in cookies.items():
        visitor.set_cookie(name, value)
    return visitor


def cookies_of(visitor: Visitor) -> dict[str, str]:
    return {name: value.strip('"') for name, value in visitor.cookies.items()}


def shopper(shop: Any) -> Visitor:
    visitor = Visitor(shop)
    assert visitor.log_in().status_int == 303
    assert visitor.send("/cart/items", sku="ujeon", quantity="3").status_int == 303
    return visitor


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


def test_what_cannot_be_read_is_replaced_by_a_fresh_session_S14(
    start_shop: Callable[..., Any], sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    base = {"sqlalchemy.url": sqlite_url}
    before = start_shop("database", **base)
    old = cookies_of(shopper(before))
    with before.registry["dbsession_factory"].begin() as session:
        session.execute(update(sessions).values(format=99))
    after = start_shop("custom", **base, **{"session.migrate_from": "database"})
    visitor = arrive(after, old)
    assert visitor.state()["user"] is None
    assert "is replaced by a fresh one" in caplog.text
    assert visitor.send("/cart/items", sku="sejak").status_int == 303
    assert visitor.state()["cart"]["quantity"] == 1


# pyramid_session_redis 1.8.1 calls SETEX, which redis-py 8 would like to see as SET
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_sessions_that_another_package_began_in_one_second_are_told_apart(
    start_shop: Callable[..., Any],
    sqlite_url: str,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)
    base = {
        "sqlalchemy.url": sqlite_url,
        "session.custom.factory": "pyramid_session_redis.session_factory_from_settings",
        "redis.sessions.secret": "a-secret-of-the-tests-0123456789",
        "redis.sessions.redis_url": redis_server.url,
        "redis.sessions.cookie_name": "foreign",
    }
    before = start_shop("custom", **base)
    guests = [Visitor(before), Visitor(before)]
    for guest in guests:
        guest.send("/cart/items", sku="ujeon")
    after = start_shop("database", **base, **{"session.migrate_from": "custom"})
    for guest in guests:
        moved = arrive(after, cookies_of(guest))
        assert moved.send("/cart/items", sku="ujeon").status_int == 303
        assert moved.state()["cart"]["quantity"] == 2


# it calls SETEX, see above
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_where_another_package_kept_them_may_be_away_F1(
    start_shop: Callable[..., Any], sqlite_url: str, redis_server: RedisServer
) -> None:
    """Its errors are its own; its visitors' pages are as in any other outage."""
    base = {
        "sqlalchemy.url": sqlite_url,
        "session.custom.factory": "pyramid_session_redis.session_factory_from_settings",
        "redis.sessions.secret": "a-secret-of-the-tests-0123456789",
    }
    guest = Visitor(start_shop("custom", **base, **{"redis.sessions.redis_url": redis_server.url}))
    guest.send("/cart/items", sku="ujeon")
    away = {"redis.sessions.redis_url": f"redis://127.0.0.1:{free_port()}"}
    after = start_shop("memory", **base, **away, **{"session.migrate_from": "custom"})
    visitor = arrive(after, cookies_of(guest))
    answer = visitor.get("/cart", status="*")
    assert (answer.status_int, "Set-Cookie" in answer.headers) == (503, False)
    assert visitor.get("/").status_int == 200


def test_no_session_can_be_moved_into_another_packages_factory(
    start_shop: Callable[..., Any],
) -> None:
    factory = {"session.custom.factory": "pyramid_beaker.session_factory_from_settings"}
    with pytest.raises(SettingsError, match=r"migrate_from .* pyramid_beaker"):
        start_shop("custom", **factory, **{"session.migrate_from": "database"})


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
