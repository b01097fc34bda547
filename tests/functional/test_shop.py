"""The whole shop through its forms, on every strategy, against real stores."""

from typing import Any

import pytest

from tests.shops import Visitor, order_of

PAGES = (
    "/",
    "/?q=yuja",
    "/?category=green",
    "/products/ujeon",
    "/cart",
    "/login",
    "/register",
    "/session",
    "/strategies",
    "/strategies/redis",
    "/labs",
    "/labs/race",
    "/session.json",
    "/healthz",
    "/readyz",
    "/metrics",
)


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_every_page_of_the_contract_answers(shop: Any, locale: str) -> None:
    visitor = Visitor(shop)
    visitor.set_cookie("locale", locale)
    for path in PAGES:
        assert visitor.get(path).status_int == 200, path
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    for path in ("/", "/cart", "/checkout", "/orders", "/account/sessions", "/session"):
        answer = visitor.get(path)
        assert answer.status_int == 200, path
        assert f'lang="{locale}"' in answer.text


def test_browsing_begins_no_session_S4(shop: Any) -> None:
    visitor = Visitor(shop)
    for path in PAGES:
        visitor.get(path)
    visitor.send("/logout")
    assert visitor.cookie() is None
    assert visitor.state()["handle"] is None


def test_anothers_order_is_not_found_A5(shop: Any) -> None:
    visitor, guest, minji = Visitor(shop), Visitor(shop), Visitor(shop)
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    placed = visitor.send("/checkout", **order_of(visitor)).location
    minji.log_in("minji")
    for other in (guest, minji):
        assert other.get(placed).status_int == 404
        assert other.get("/orders/%00").status_int in (400, 404)
    handle = visitor.state()["handle"]
    assert minji.send(f"/account/sessions/{handle}/revoke").status_int == 404
    assert visitor.state()["user"] == "demo"


def test_who_logs_in_after_another_user_sees_nothing_of_that_one_A5(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    placed = visitor.send("/checkout", **order_of(visitor)).location
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    assert visitor.log_in("minji").status_int == 303  # without logging out first
    assert (visitor.state()["user"], visitor.state()["cart"]["quantity"]) == ("minji", 0)
    assert visitor.get(placed).status_int == 404
    assert visitor.log_in().status_int == 303
    assert visitor.state()["cart"]["quantity"] == 2  # kept for its owner
    assert visitor.get(placed).status_int == 200


def test_asking_for_the_head_of_a_page_takes_nothing_from_it(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    assert visitor.head("/cart").status_int == visitor.head("/").status_int == 200
    assert visitor.get("/cart").html.find(class_="flash")
    placed = visitor.send("/checkout", **order_of(visitor)).location
    assert visitor.head(placed).status_int == 200
    assert "order-done" in visitor.get(placed).text
    for path, status in (("/login", 200), ("/nowhere", 404)):
        length, whole = visitor.head(path, status=status), visitor.get(path, status=status)
        assert length.headers["Content-Length"] == str(len(whole.body)), path
