"""The cart counts what is put in, also at once, and up to a limit."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from demoapp.shop.cart import MAX_QUANTITY
from tests.shops import Visitor


def test_cart_counts_and_is_emptied(shop: Any) -> None:
    visitor = Visitor(shop)
    for _ in range(2):
        assert visitor.send("/cart/items", sku="ujeon", quantity="2").status_int == 303
    cart = visitor.state()["cart"]
    assert cart["quantity"] == 4
    assert cart["total"] == 4 * cart["lines"][0]["unit_price"]
    assert visitor.send("/cart/items/ujeon", quantity="1").status_int == 303
    assert visitor.state()["cart"]["quantity"] == 1
    assert visitor.send("/cart/items/ujeon", quantity="0").status_int == 303
    assert visitor.state()["cart"]["lines"] == []
    visitor.send("/cart/items", sku="sejak")
    assert visitor.send("/cart/clear").status_int == 303
    assert visitor.state()["cart"]["lines"] == []


def test_one_limit_for_a_line_in_the_page_and_on_the_server_I2(memory: Any) -> None:
    visitor = Visitor(memory)
    stock = {"ujeon": 24}
    visitor.send("/cart/items", sku="ujeon", quantity=str(MAX_QUANTITY))
    page = visitor.get("/cart").html
    assert page.find("input", {"type": "number"})["max"] == str(MAX_QUANTITY)
    assert "24" in page.find(class_="stock-hint").text
    assert "lower the quantities" in page.find(id="short").text
    assert page.find(class_="summary").find("button").has_attr("disabled")
    assert "lower the quantity" in visitor.get("/checkout").html.find(class_="alert").text
    for path, quantity in (("/cart/items", 1), ("/cart/items/ujeon", MAX_QUANTITY + 1)):
        refused = visitor.send(path, sku="ujeon", quantity=str(quantity))
        assert refused.status_int == 400
        assert f"at most {MAX_QUANTITY} pieces" in refused.html.find(class_="alert").text
    visitor.send("/cart/items/ujeon", quantity=str(stock["ujeon"]))
    assert visitor.get("/cart").html.find(id="short") is None
    assert visitor.get("/checkout").html.find(class_="alert") is None
    shown = visitor.get("/products/ujeon").html.find("input", {"type": "number"})
    assert shown["max"] == "24"


def test_parallel_adds_on_one_session_F8(
    start_shop: Callable[..., Any], strategy: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "txn")
    shop = start_shop(strategy)
    first = Visitor(shop)
    first.send("/cart/items", sku="ujeon")
    fields = {"sku": "ujeon", "quantity": "1", "csrf_token": first.token()}
    cookies = {name: first.cookie(name) for name in ("session", "csrf")}

    def add(_: int) -> int:
        visitor = Visitor(shop)
        for name, value in cookies.items():
            visitor.set_cookie(name, value)
        return int(visitor.post("/cart/items", fields).status_int)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(add, range(40)))
    assert set(answers) == {303}
    # a cookie knows nothing of the other answers: the last one to arrive wins, as documented
    assert first.state()["cart"]["quantity"] == (1 if strategy == "custom" else 41)
