"""The device list, and ending sessions from elsewhere (S7), with two browsers of one user."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pyramid.interfaces import IContextFound
from sqlalchemy import update

from demoapp.shop.accounts import DEMO_PASSWORD
from demoapp.shop.models import User
from tests.servers import RedisServer
from tests.shops import Visitor

SERVER_SIDE = ("memory", "redis", "database")
THIRD_PARTY = ("pyramid_beaker", "pyramid_session_redis")


# pyramid_session_redis 1.8.1 calls SETEX, which redis-py 8 would like to see as SET
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
PHONE = "Mozilla/5.0 (Android 16; Mobile; rv:149.0) Gecko/149.0 Firefox/149.0"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36"


@pytest.fixture
def start_any(
    start_shop: Callable[..., Any], redis_server: RedisServer, tmp_path: Path
) -> Callable[[str], Any]:
    """`start_any("pyramid_beaker")`: also on the factories of other packages."""
    settings = {
        "pyramid_beaker": {
            "beaker.session.type": "memory",
            "beaker.session.key": "foreign",
            "beaker.session.data_serializer": "json",
        },
        "pyramid_session_redis": {
            "redis.sessions.secret": "a-secret-of-the-tests-0123456789",
            "redis.sessions.redis_url": redis_server.url,
            "redis.sessions.cookie_name": "foreign",
        },
    }

    def start(name: str) -> Any:
        if name not in settings:
            return start_shop(name)
        factory = {"session.custom.factory": f"{name}.session_factory_from_settings"}
        return start_shop("custom", **factory, **settings[name])

    return start


@pytest.fixture(params=[*SERVER_SIDE, "custom", *THIRD_PARTY])
def any_shop(request: pytest.FixtureRequest, start_any: Callable[[str], Any]) -> Any:
    return start_any(request.param)


@pytest.fixture(params=SERVER_SIDE)
def listing_shop(request: pytest.FixtureRequest, start_shop: Callable[..., Any]) -> Any:
    return start_shop(request.param)


def browser(shop: Any, agent: str, username: str = "demo") -> Visitor:
    visitor = Visitor(shop, extra_environ={"HTTP_USER_AGENT": agent})
    assert visitor.log_in(username).status_int == 303
    return visitor


def user(visitor: Visitor) -> Any:
    return visitor.state()["user"]


def devices(visitor: Visitor) -> list[str]:
    return [item.text for item in visitor.get("/account/sessions").html.select(".devices li")]


def handle(visitor: Visitor) -> str:
    return str(visitor.state()["handle"])


def revoke(visitor: Visitor, which: str) -> Any:
    return visitor.send(f"/account/sessions/{which}/revoke")


def test_the_devices_are_listed_and_this_one_marked_S7(listing_shop: Any) -> None:
    phone, laptop = browser(listing_shop, PHONE), browser(listing_shop, LAPTOP)
    browser(listing_shop, PHONE, "minji")
    for visitor, mine, other in (
        (phone, "Firefox, Android", "Chrome, Linux"),
        (laptop, "Chrome, Linux", "Firefox, Android"),
    ):
        rows = devices(visitor)
        assert len(rows) == 2
        [current] = [row for row in rows if "this device" in row]
        [elsewhere] = [row for row in rows if "this device" not in row]
        assert mine in current
        assert handle(visitor) in current
        assert other in elsewhere


def test_one_device_is_ended_from_another_S7(listing_shop: Any) -> None:
    phone, laptop = browser(listing_shop, PHONE), browser(listing_shop, LAPTOP)
    phone.send("/cart/items", sku="ujeon")
    answer = revoke(laptop, handle(phone))
    assert answer.location == "http://localhost/account/sessions"
    assert "That device has been logged out." in answer.follow().text
    assert user(phone) is None
    assert phone.state()["cart"]["quantity"] == 0
    assert user(laptop) == "demo"
    assert len(devices(laptop)) == 1
    assert phone.log_in().status_int == 303  # and may come again


def test_to_end_the_current_one_is_to_log_out_S7(listing_shop: Any) -> None:
    phone, laptop = browser(listing_shop, PHONE), browser(listing_shop, LAPTOP)
    phone.send("/cart/items", sku="ujeon")
    old = phone.cookie()
    assert revoke(phone, handle(phone)).status_int == 303
    assert phone.cookie() is None
    assert user(phone) is None
    thief = Visitor(listing_shop)
    thief.set_cookie("session", old)
    assert user(thief) is None
    assert user(laptop) == "demo"
    phone.log_in()
    assert phone.state()["cart"]["quantity"] == 1  # kept, as at every logout


def test_nobody_ends_the_session_of_another_A5(listing_shop: Any) -> None:
    demo, minji = browser(listing_shop, PHONE), browser(listing_shop, LAPTOP, "minji")
    for which in (handle(minji), "0" * 12, "x" * 500, "%00"):
        assert revoke(demo, which).status_int in (400, 404)
    assert user(minji) == "minji"
    guest = Visitor(listing_shop)
    assert revoke(guest, handle(minji)).location.startswith("http://localhost/login")
    assert guest.get("/account/sessions").location.startswith("http://localhost/login")


def test_all_others_are_ended_S7(any_shop: Any) -> None:
    phone, laptop, minji = (
        browser(any_shop, PHONE),
        browser(any_shop, LAPTOP),
        browser(any_shop, LAPTOP, "minji"),
    )
    phone.send("/cart/items", sku="ujeon")
    laptop.send("/cart/items", sku="ujeon")
    answer = laptop.send("/account/sessions/revoke-others")
    assert "All your other devices have been logged out." in answer.follow().text
    assert (user(phone), user(laptop), user(minji)) == (None, "demo", "minji")
    assert phone.state()["cart"]["quantity"] == 0
    assert laptop.state()["cart"]["quantity"] == 1


def test_what_cannot_be_listed_is_said_and_no_single_one_ended_S7(
    start_any: Callable[[str], Any],
) -> None:
    for name in ("custom", *THIRD_PARTY):
        shop = start_any(name)
        phone, laptop = browser(shop, PHONE), browser(shop, LAPTOP)
        page = laptop.get("/account/sessions").html
        assert not page.select(".devices")
        assert "cannot list them" in page.find(class_="notice").text
        assert revoke(laptop, "0" * 12).status_int == 404
        assert (user(phone), user(laptop)) == ("demo", "demo")


def test_a_changed_password_ends_the_others_S7(any_shop: Any) -> None:
    phone, laptop = browser(any_shop, PHONE), browser(any_shop, LAPTOP)
    fields = {"current": "pyramid tea house", "new": "another good password"}
    assert laptop.send("/account/password", **fields).status_int == 303
    assert (user(phone), user(laptop)) == (None, "demo")
    assert phone.log_in().status_int == 400
    assert phone.log_in(password=fields["new"]).status_int == 303


@pytest.mark.parametrize("strategy", ["redis", "custom"])
def test_of_two_that_end_each_other_one_is_left_at_most_S7(
    start_shop: Callable[..., Any], strategy: str, postgres_url: str
) -> None:
    """Whoever has a copy of the cookie ends "all others" just as the password is changed."""
    shop = start_shop(strategy, **{"sqlalchemy.url": postgres_url})
    victim, thief = browser(shop, PHONE), browser(shop, LAPTOP)
    both = Barrier(2)

    def wait(event: Any) -> None:
        if event.request.method == "POST" and event.request.environ["retry.attempt"] == 0:
            event.request.current_user  # noqa: B018 - the epoch as it was, in both
            both.wait(5)

    posts = [
        (victim, "/account/password", {"current": DEMO_PASSWORD, "new": "another good password"}),
        (thief, "/account/sessions/revoke-others", {}),
    ]
    tokens = [visitor.token() for visitor, _, _ in posts]
    shop.registry.registerHandler(wait, (IContextFound,))
    with ThreadPoolExecutor(2) as pool:
        for (visitor, path, fields), token in zip(posts, tokens, strict=True):
            pool.submit(visitor.post, path, {"csrf_token": token, **fields})
    assert [user(visitor) for visitor in (victim, thief)].count("demo") <= 1


def test_only_a_login_starts_the_absolute_limit_anew_S8(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a thief would stay for ever, by ending "all others" now and then."""
    visitor, now = Visitor(shop), time.time()
    monkeypatch.setattr("time.time", lambda: now)
    visitor.send("/cart/items", sku="ujeon")
    now += 600
    visitor.log_in()
    begun = visitor.state()["created"]
    custom = shop.registry.settings["session.strategy"] == "custom"
    assert begun == int(now) - 600 * custom  # Pyramid's cookie keeps it through invalidate()
    now += 600
    assert visitor.send("/account/sessions/revoke-others").status_int == 303
    fields = {"current": DEMO_PASSWORD, "new": "another good password"}
    assert visitor.send("/account/password", **fields).status_int == 303
    assert (user(visitor), visitor.state()["created"]) == ("demo", begun)


def test_a_disabled_user_is_out_with_the_next_request_S7(any_shop: Any) -> None:
    phone, minji = browser(any_shop, PHONE), browser(any_shop, LAPTOP, "minji")

    def set_active(active: bool) -> None:
        with any_shop.registry["dbsession_factory"].begin() as session:
            session.execute(update(User).where(User.username == "demo").values(active=active))

    set_active(False)
    assert (user(phone), user(minji)) == (None, "minji")
    assert phone.log_in().status_int == 400
    assert phone.get("/account/sessions").location.startswith("http://localhost/login")
    set_active(True)
    assert user(phone) is None
    assert phone.log_in().status_int == 303


def test_login_gives_a_foreign_session_a_new_id_S5(start_any: Callable[[str], Any]) -> None:
    """Planted before the login, an id must not be the one of the user after it."""
    for name in THIRD_PARTY:
        shop = start_any(name)
        victim = Visitor(shop)
        victim.send("/cart/items", sku="ujeon")
        planted = victim.cookie("foreign")
        attacker = Visitor(shop)
        attacker.set_cookie("foreign", planted)
        assert attacker.state()["cart"]["quantity"] == 1, "it was not planted at all"
        victim.log_in()
        assert user(attacker) is None, name
        assert victim.cookie("foreign") != planted
        assert victim.state()["cart"]["quantity"] == 1


def test_a_new_password_rotates_and_ends_the_other_sessions_S5_S6(shop: Any) -> None:
    visitor, other, thief = Visitor(shop), Visitor(shop), Visitor(shop)
    visitor.log_in()
    other.log_in()
    before, first_token = visitor.cookie(), visitor.token()
    fields = {"current": "pyramid tea house", "new": "another good password"}
    assert visitor.send("/account/password", **fields).status_int == 303
    assert (visitor.cookie(), visitor.token()) != (before, first_token)
    assert visitor.state()["user"] == "demo"
    assert other.state()["user"] is None
    thief.set_cookie("session", before)
    assert thief.state()["user"] is None
    assert Visitor(shop).log_in().status_int == 400
    assert Visitor(shop).log_in(password="another good password").status_int == 303
