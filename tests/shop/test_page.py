"""The frame around every page: where the cart is, and what the page is about."""

from collections.abc import Callable
from typing import Any

import pytest

from demoapp.shop.strategies import FOUR
from tests.shops import Visitor


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_every_page_says_where_the_cart_is(shop: Any, strategy: str, locale: str) -> None:
    visitor = Visitor(shop, extra_environ={"HTTP_ACCEPT_LANGUAGE": locale})
    where = {one.name: str(one.where) for one in FOUR}[strategy]
    said = visitor.get("/nothing").html.find(class_="where").get_text()
    assert (where in said) == (locale == "en")
    mottos = [str(one.motto) for one in FOUR]
    said = visitor.get("/").html.find(class_="ways-list").get_text()
    assert [motto in said for motto in mottos] == [locale == "en"] * 4


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
