"""The living map shows this visitor's session, where it really is, and costs nothing."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from demoapp.lessons.map.drawing import Drawing
from demoapp.lessons.map.state import PLACES, State
from tests.servers import RedisServer
from tests.shops import Visitor

StartShop = Callable[..., Any]


def picture(page: Any, within: str = ".where") -> Any:
    return page.html.select_one(f"{within} .map-picture")


def answer(page: Any) -> str:
    return str(page.html.select_one(".where strong").get_text())


def facts(page: Any, place: int) -> str:
    return " ".join(page.html.select(".map-places > div")[place].get_text(" ").split())


def trips(page: Any) -> int:
    return sum(map(int, re.findall(r'desc="(\d+) trip', page.headers.get("Server-Timing", ""))))


def test_the_basket_is_where_the_session_is(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sent = visitor.send("/cart/items", sku="ujeon", quantity="2")
    page = visitor.get("/cart")
    drawn = picture(page)
    assert (drawn["data-found"], drawn["data-place"]) == ("kept", PLACES[strategy])
    assert drawn.select_one(".count").get_text() == "2"
    assert answer(page).startswith("2 items in")
    if strategy in ("redis", "database"):
        assert drawn.select_one(".trips").get_text() == str(trips(sent))
        assert drawn["data-trips"] == str(min(trips(sent), 3))
    assert drawn["data-moved"] == "yes"
    assert f"POST /cart/items: {trips(sent) or 'no'} round trip" in page.text
    visitor.get("/products/ujeon")
    assert picture(visitor.get("/products/ujeon")).get("data-moved") is None  # it was only read


def test_what_stands_below_each_place(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    visitor.log_in()
    visitor.get("/cart")
    page = visitor.get("/session")
    size = len(f"session={visitor.cookie()}")
    assert re.search(rf"cookie session, {size}\b", facts(page, 0))
    assert ("nothing in it but an id" in facts(page, 0)) == (strategy != "custom")
    assert ("in it, signed: cart, user" in facts(page, 0)) == (strategy == "custom")
    keeper = {"browser": 0, "process": 1, "store": 2}[PLACES[strategy]]
    for place in range(3):
        here = place == keeper
        assert ("your cart: 2 items" in facts(page, place)) == here
        assert ("logged in as demo" in facts(page, place)) == here
        assert (" ends in 0:19:5" in facts(page, place)) == here
    last = page.html.select_one(".map-last").get_text()
    assert "POST /login changed" in last
    assert 'session["user"]["id"]' in last


def test_without_a_session_it_shows_an_empty_place(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    page = visitor.get("/")
    assert trips(page) == 0
    drawn = picture(page)
    assert (drawn["data-found"], drawn["data-place"]) == ("none", PLACES[strategy])
    assert drawn.select_one(".basket .body")
    assert drawn.select_one(".basket .count, .basket[data-full], .cookie") is None
    assert answer(page) == "Nothing is kept yet"
    assert "no session cookie" in facts(visitor.get("/session"), 0)
    assert visitor.cookies.keys() <= {"csrf"}


def test_a_cookie_that_leads_nowhere(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.set_cookie("session", "A" * 43)
    page = visitor.get("/session")
    assert picture(page)["data-found"] == "gone"
    assert picture(page).select_one(".lost")
    assert "leads nowhere" in answer(page)


def test_a_new_cookie_is_told_of(shop: Any) -> None:
    """As after a login: the id that was known before is worth nothing now."""
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    visitor.log_in()
    page = visitor.get("/session")
    assert picture(page)["data-cookie"] == "new"
    assert "new since POST /login" in facts(page, 0)
    assert "new since" not in facts(visitor.get("/session"), 0)


@pytest.mark.parametrize("path", ["/products/ujeon", "/nothing", "/cart"])
def test_it_costs_no_trip(shop: Any, strategy: str, path: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    visitor.get("/cart")
    page = visitor.get(path)
    assert picture(page)["data-found"] == "kept"
    assert trips(page) == (strategy in ("redis", "database"))


def test_a_store_that_is_down(start_shop: StartShop) -> None:
    with RedisServer() as server:
        visitor = Visitor(start_shop("redis", **{"session.redis.url": server.url}))
        visitor.send("/cart/items", sku="ujeon")
        server.stop()
        page = visitor.get("/products/ujeon")
        assert page.status_int == 200
        assert picture(page)["data-found"] == "down"
        assert picture(page).select_one(".basket") is None
        assert picture(page).select_one(".cookie")
        told = page.html.select_one(".where-map").get_text()
        assert f"cookie session, {len(f'session={visitor.cookie()}')} bytes" in told
        assert "does not answer" in answer(page)


@pytest.mark.parametrize("path", ["/cart", "/session"])
def test_it_is_in_both_languages(shop: Any, path: str) -> None:
    visitor = Visitor(shop, extra_environ={"HTTP_ACCEPT_LANGUAGE": "ko"})
    assert answer(visitor.get(path)) == "아직 보관된 것이 없습니다"
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    page = visitor.get(path)
    assert "상품 2개" in answer(page)
    told = page.html.select_one(".where-map .visually-hidden").get_text()
    assert "내 브라우저" in told
    assert not re.search(r"\b(your|round|trip|process)\b", told)


def test_who_hears_the_page_is_told_in_words(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    link = visitor.get("/cart").html.select_one("a.where-map")
    assert link.find("svg")["aria-hidden"] == "true"
    assert "your cart: 2 items" in link.get_text()


def test_json_carries_it_to_who_draws_four(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    state = State.read(visitor.state()["map"])
    assert (state.strategy, state.quantity) == (strategy, 2)
    assert state.change is not None
    assert state.change.request == "POST /cart/items"
    assert "2개" in Drawing(state, "ko").answer
    assert State.read(Visitor(shop).state()["map"]).found == "none"


def test_it_follows_a_session_on_its_way(start_shop: StartShop, sqlite_url: str) -> None:
    before = Visitor(start_shop("custom", **{"sqlalchemy.url": sqlite_url}))
    before.send("/cart/items", sku="ujeon")
    moving = {"sqlalchemy.url": sqlite_url, "session.migrate_from": "custom"}
    visitor = Visitor(start_shop("database", **moving))
    visitor.set_cookie("session", before.cookie() or "")
    assert picture(visitor.get("/nothing"))["data-place"] == "browser"
    visitor.send("/cart/items", sku="ujeon")
    assert picture(visitor.get("/cart"))["data-place"] == "store"


def test_of_another_factory_only_what_is_known(start_shop: StartShop) -> None:
    factory = {"session.custom.factory": "pyramid_beaker.session_factory_from_settings"}
    visitor = Visitor(start_shop("custom", **factory, **{"beaker.session.type": "memory"}))
    visitor.send("/cart/items", sku="ujeon")
    page = visitor.get("/session")
    assert answer(page) == "1 item, kept by another factory"
    assert "that factory" in facts(page, 0)
    assert "not known" in page.html.select_one(".map-last").get_text()


def test_a_shop_that_does_not_teach_tells_no_process_number(start_shop: StartShop) -> None:
    visitor = Visitor(start_shop("memory", **{"demo.labs": "false", "demo.hosts": "localhost"}))
    visitor.send("/cart/items", sku="ujeon")
    assert answer(visitor.get("/cart")) == "1 item in the memory of the shop"
    assert visitor.state()["map"]["pid"] is None
