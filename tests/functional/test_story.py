"""The story on the first page: the visitor's own cart, and what a night does to four of them."""

from collections.abc import Callable
from typing import Any

from demoapp.shop.strategies import FOUR
from tests.shops import Visitor


def step(visitor: Visitor, number: int) -> str:
    found = visitor.get("/").html.select("#story .story-steps > li")
    return " ".join(found[number - 1].get_text().split())


def test_it_begins_with_a_real_cart(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    assert "just browsing leaves nothing behind" in step(visitor, 2)
    assert visitor.cookie() is None
    form = next(f for f in visitor.get("/").forms.values() if f.action.endswith("/cart/items"))
    answer = form.submit()
    assert answer.location.endswith("/#story")
    assert visitor.state()["cart"]["quantity"] == 1
    assert "Items in your cart: 1" in step(visitor, 1)
    where = {one.name: str(one.where) for one in FOUR}[strategy]
    assert where in step(visitor, 2)


def test_it_stands_before_the_shelves_and_each_fate_is_told(shop: Any, strategy: str) -> None:
    page = Visitor(shop).get("/")
    assert page.text.index('id="story"') < page.text.index('class="shelf"')
    fates = page.html.select("#story .ways-list > li")
    assert [str(one.morning) in fate.get_text() for one, fate in zip(FOUR, fates, strict=True)] == [
        True
    ] * 4
    assert [fate.find("code").text for fate in fates if fate.get("data-lost")] == ["memory"]
    assert [fate.find("code").text for fate in fates if fate.get("data-current")] == [strategy]


def test_a_shelf_or_a_search_is_no_place_for_it(start_shop: Callable[..., Any]) -> None:
    visitor = Visitor(start_shop("memory"))
    for path in ("/?category=green", "/?q=tea"):
        assert visitor.get(path).html.find(id="story") is None


def test_without_sessions_it_promises_none(start_shop: Callable[..., Any]) -> None:
    closed = {"session.redis.url": "redis://localhost:1/0", "session.redis.timeout": "0.05"}
    visitor = Visitor(start_shop("redis", **closed))
    visitor.set_cookie("session", "x" * 43)
    assert "unavailable just now" in step(visitor, 1)
    assert "leaves nothing behind" not in step(visitor, 2)


def test_a_page_says_what_it_is_about(start_shop: Callable[..., Any]) -> None:
    visitor = Visitor(start_shop("memory"))
    told = {}
    for path in ("/", "/?category=green", "/products/ujeon", "/nothing", "/labs"):
        head = visitor.get(path).html.head
        descriptions = head.find_all("meta", {"name": "description"})
        assert len(descriptions) == 1, path
        told[path] = descriptions[0]["content"]
    assert told["/"] == told["/nothing"] == told["/labs"]
    assert len({told["/"], told["/?category=green"], told["/products/ujeon"]}) == 3
    shared = visitor.get("/products/ujeon").html.head
    for name, content in (
        ("title", "Ujeon, first flush"),
        ("description", told["/products/ujeon"]),
    ):
        assert shared.find("meta", {"property": f"og:{name}"})["content"] == content
    picture = visitor.get("/").html.head.find("meta", {"property": "og:image"})["content"]
    assert visitor.get(picture.removeprefix("http://localhost")).content_type == "image/jpeg"
