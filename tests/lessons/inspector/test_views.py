"""/session: each layer tells the truth, hides what it should, and never breaks."""

import json
from typing import Any

from tests.lessons.inspector.reading import StartShop, layer, row
from tests.servers import RedisServer
from tests.shops import Visitor


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
