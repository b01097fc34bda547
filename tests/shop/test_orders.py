"""A cart becomes one order, of what there is, and its visitor finds it."""

from collections.abc import Callable
from typing import Any

from tests.shops import Visitor, order_of


def test_an_order_is_placed_once_F6(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="1")
    order = order_of(visitor)
    first, second = visitor.send("/checkout", **order), visitor.send("/checkout", **order)
    assert first.status_int == second.status_int == 303
    assert first.location == second.location
    assert "order-done" in visitor.get(first.location).text  # thanks, once
    assert "order-done" not in visitor.get(first.location).text
    assert visitor.state()["cart"]["quantity"] == 0
    assert first.location.rpartition("/")[2] in visitor.get("/orders").text


def test_an_order_whose_answer_was_lost_is_found_F4(start_shop: Callable[..., Any]) -> None:
    """The database has it, the session (here: the cookie) does not know yet."""
    visitor = Visitor(start_shop("custom"))
    visitor.send("/cart/items", sku="ujeon")
    before = visitor.cookie()
    placed = visitor.send("/checkout", **order_of(visitor)).location
    for page in (placed, "/orders"):
        visitor.set_cookie("session", before)
        assert placed.rpartition("/")[2] in visitor.get(page).text


def test_more_than_the_stock_is_not_sold_F7(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="sejak", quantity="1")
    visitor.send("/cart/items", sku="ujeon", quantity="999")
    refused = visitor.send("/checkout", **order_of(visitor))
    assert refused.status_int == 409
    assert refused.html.find("textarea", {"name": "address"}).text.strip() == "서울"
    assert visitor.state()["cart"]["quantity"] == 1000  # as it was
    assert visitor.send("/cart/items/ujeon", quantity="1").status_int == 303
    assert visitor.send("/checkout", **order_of(visitor)).status_int == 303
