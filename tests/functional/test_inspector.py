"""/session: each layer tells the truth, hides what it should, and never breaks."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import event
from webob import Request

from demoapp.lessons.inspector.layers import Subject
from demoapp.lessons.inspector.record import record
from tests.servers import RedisServer
from tests.shops import SECRET, Visitor

StartShop = Callable[..., Any]


def layer(page: Any, name: str) -> Any:
    return page.html.find(id=f"layer-{name}")


def row(page: Any, name: str, label: str) -> str:
    found = layer(page, name).find("dt", string=label)
    return str(found.find_next_sibling("dd").get_text().strip())


def test_every_layer_shows_this_session(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    visitor.send("/cart/items", sku="ujeon")
    visitor.get("/")  # which shows the message that it was added
    page = visitor.get("/session")
    assert page.html.select_one(".place .map-picture")["data-found"] == "kept"
    assert row(page, "summary", "Public name") == visitor.state()["handle"]
    cookie = visitor.cookie() or ""
    assert row(page, "cookie", "Bytes, of 4096 at most") == str(len(f"session={cookie}"))
    assert json.loads(row(page, "session", 'session["cart"]'))["lines"] == {"ujeon": 3}
    change = layer(page, "change")
    assert row(page, "change", "Request") == "POST /cart/items"
    assert change.find("del").get_text() == "2"
    assert change.find("ins").get_text() == "3"
    stored = layer(page, "record").get_text()
    assert ("Nothing on the server" in stored) == (strategy == "custom")
    assert ('"ujeon":3' in stored) == (strategy != "custom")
    assert "round trips: " in layer(page, "cost").get_text()


def test_ids_keys_and_signatures_are_masked_unless_asked_for(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    visitor.get("/cart")
    cookie = visitor.cookie() or ""
    key = shop.registry["session.factory"].ids.key(cookie)
    masked, raw = visitor.get("/session"), visitor.get("/session?raw=1")
    assert raw.headers["Cache-Control"] == masked.headers["Cache-Control"] == "no-store"
    assert cookie not in masked.text
    assert cookie in raw.text
    if strategy != "custom":
        assert key not in masked.text
        assert key in raw.text


def test_a_shop_that_does_not_teach_shows_the_summary_only(
    start_shop: StartShop, strategy: str
) -> None:
    visitor = Visitor(start_shop(strategy, **{"demo.labs": "false", "demo.hosts": "localhost"}))
    visitor.send("/cart/items", sku="ujeon")
    page = visitor.get("/session?raw=1")
    assert [item["id"] for item in page.html.select("ol.layers > li")] == ["layer-summary"]
    assert page.html.select_one(".place") is None
    assert page.html.select_one("[data-tabs]") is None  # no form says which tab it is in
    assert (visitor.cookie() or "") not in page.text


def test_visitors_without_a_session(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    page = visitor.get("/session")
    assert "You have no session yet" in page.text
    assert "not even asked" in layer(page, "check").get_text()
    visitor.set_cookie("session", "A" * 43)
    page = visitor.get("/session")
    assert page.status_int == 200
    assert "leads to no session any more" in page.text
    reason = "signature does not match" if strategy == "custom" else "no such record"
    assert reason in layer(page, "check").get_text()
    visitor.set_cookie("session", "not-one-of-ours")
    assert visitor.get("/session").status_int == 200


def test_an_expired_session(
    start_shop: StartShop, strategy: str, pass_time: Callable[[float], None]
) -> None:
    limits = {"session.idle_timeout": "100", "session.touch_interval": "0"}
    visitor = Visitor(start_shop(strategy, **limits))
    visitor.send("/cart/items", sku="ujeon")
    assert "leads to no session" not in visitor.get("/session").text
    pass_time(102)  # a signed cookie counts whole seconds
    assert "leads to no session any more" in visitor.get("/session").text


def test_a_store_that_is_down_is_a_page_too(start_shop: StartShop) -> None:
    with RedisServer() as server:
        visitor = Visitor(start_shop("redis", **{"session.redis.url": server.url}))
        visitor.send("/cart/items", sku="ujeon")
        before = visitor.cookie()
        server.stop()
        page = visitor.get("/session")
        assert page.status_int == 503
        assert page.headers["Retry-After"]
        assert "does not answer just now" in page.text
        assert "Set-Cookie" not in page.headers
        assert visitor.cookie() == before
        assert row(page, "cookie", "Name") == "session"


def test_a_store_that_goes_down_while_the_page_is_made(start_shop: StartShop) -> None:
    with RedisServer() as server:
        shop = start_shop("redis", **{"session.redis.url": server.url})
        visitor = Visitor(shop)
        visitor.send("/cart/items", sku="ujeon")
        environ = Request.blank("/session", cookies={"session": visitor.cookie()}).environ
        with shop.request_context(environ) as request:
            loaded = Subject(request, raw=False)
            server.stop()
            assert "does not answer just now" in record(loaded).intro[0]


@pytest.mark.parametrize(("old", "new"), [("custom", "database"), ("database", "custom")])
def test_a_session_on_its_way_from_another_strategy(
    start_shop: StartShop, sqlite_url: str, old: str, new: str
) -> None:
    visitor = Visitor(start_shop(old, **{"sqlalchemy.url": sqlite_url}))
    visitor.send("/cart/items", sku="ujeon")
    moved = Visitor(start_shop(new, **{"sqlalchemy.url": sqlite_url, "session.migrate_from": old}))
    moved.set_cookie("session", visitor.cookie() or "")
    page = moved.get("/session?raw=1")
    assert page.status_int == 200
    assert f"before ({old})" in layer(page, "check").get_text()
    moved.send("/cart/items", sku="ujeon")
    assert "before (" not in layer(moved.get("/session"), "check").get_text()


FOREIGN = {
    "pyramid_beaker.session_factory_from_settings": {
        "beaker.session.type": "memory",
        "beaker.session.key": "session",
    },
    "pyramid_session_redis.session_factory_from_settings": {
        "redis.sessions.secret": SECRET,
        "redis.sessions.cookie_samesite": "Lax",
    },
}


# pyramid_session_redis calls SETEX, of which redis-py says that it is deprecated
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
@pytest.mark.parametrize("factory", FOREIGN)
def test_a_foreign_session_is_shown_as_far_as_it_can_be_known(
    start_shop: StartShop, factory: str, redis_server: RedisServer
) -> None:
    settings = {"session.custom.factory": factory, **FOREIGN[factory]}
    if "redis" in factory:
        settings["redis.sessions.redis_url"] = redis_server.url
    visitor = Visitor(start_shop("custom", **settings))
    assert visitor.get("/session?raw=1").status_int == 200
    visitor.send("/cart/items", sku="ujeon")
    page = visitor.get("/session?raw=1")
    assert page.status_int == 200
    assert json.loads(row(page, "session", 'session["cart"]'))["lines"] == {"ujeon": 1}
    for name in ("cookie", "check", "record"):
        assert factory in layer(page, name).get_text()
    assert "round trips unknown" in layer(page, "cost").get_text()
    assert 'desc="unknown"' in page.headers["Server-Timing"]


def test_our_own_factory_is_ours_by_any_name(start_shop: StartShop) -> None:
    """What it is counts, not what the ini file calls it."""
    named = {"session.custom.factory": "demoapp.sessions.custom.SignedCookies"}
    visitor = Visitor(start_shop("custom", **named))
    visitor.send("/cart/items", sku="ujeon")
    page = visitor.get("/session")
    assert named["session.custom.factory"] not in page.text
    assert 'desc="0 trips"' in page.headers["Server-Timing"]


# -- Server-Timing


def trips(answer: Any) -> dict[str, int]:
    header = answer.headers.get("Server-Timing", "")
    pattern = r'(session-\w+);dur=[0-9.]+;desc="(\d+) trips?"'
    return {name: int(count) for name, count in re.findall(pattern, header)}


def test_round_trips_are_those_that_redis_has_counted(
    start_shop: StartShop, redis_server: RedisServer
) -> None:
    visitor = Visitor(start_shop("redis"))
    visitor.send("/cart/items", sku="ujeon")
    visitor.send("/cart/items", sku="ujeon")  # the scripts are loaded
    with Redis.from_url(redis_server.url) as redis:
        fields = {"csrf_token": visitor.token(), "sku": "ujeon"}
        for path in ("/session", "/cart/items", "/cart/clear"):
            redis.config_resetstat()
            answer = visitor.get(path) if path == "/session" else visitor.post(path, fields)
            stats = redis.info("commandstats")
            asked = ("getex", "evalsha", "set", "eval")
            # commands inside a script are counted by Redis as well: EVALSHA stands for them
            sent = sum(
                stats[f"cmdstat_{name}"]["calls"]
                for name in asked
                if f"cmdstat_{name}" in stats and not (name == "set" and "cmdstat_evalsha" in stats)
            )
            assert sum(trips(answer).values()) == sent > 0


def test_round_trips_are_those_that_the_database_has_counted(start_shop: StartShop) -> None:
    shop = start_shop("database")
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    token = visitor.token()
    statements: list[str] = []

    def note(c: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if re.search(r"\b(FROM|INTO|UPDATE) session\b", statement):
            statements.append(statement)

    visitor.get("/cart")
    event.listen(shop.registry["dbsession_factory"].kw["bind"], "before_cursor_execute", note)
    read = visitor.get("/cart")
    assert trips(read) == {"session-load": 1}
    assert len(statements) == 1
    statements.clear()
    added = visitor.post("/cart/items", {"csrf_token": token, "sku": "ujeon"})
    assert trips(added) == {"session-load": 1, "session-save": 1}
    assert len(statements) == 2


def test_only_answers_that_touched_the_session_carry_the_header(shop: Any) -> None:
    visitor = Visitor(shop)
    assert "Server-Timing" not in visitor.get("/healthz").headers
    assert trips(visitor.get("/")) == {"session-load": 0}
    assert "session-save" in trips(visitor.send("/cart/items", sku="ujeon"))
    visitor.get("/cart")
    assert set(trips(visitor.get("/cart"))) == {"session-load"}
