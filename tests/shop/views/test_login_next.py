"""Where a login leads to: on to what one was about to do, and never off this site."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.shop.views.leading import ELSEWHERE, asked, goal
from tests.shops import Visitor


@pytest.fixture
def visitor(start_shop: Callable[..., Any]) -> Visitor:
    return Visitor(start_shop("memory"))


def test_logging_in_on_the_way_to_the_checkout_goes_on_there(visitor: Visitor) -> None:
    visitor.send("/cart/items", sku="ujeon")
    checkout = visitor.get("/checkout")
    assert asked(checkout, "Log in") == "/checkout"
    login = visitor.get("/login?next=/checkout")
    form = login.forms["login"]
    form["username"], form["password"] = "demo", "wrong"
    again = form.submit().forms["login"]  # a mistake does not forget it
    again["username"], again["password"] = "minji", "pyramid tea house"
    assert goal(again.submit()) == "/checkout"


def test_registering_on_the_way_to_the_checkout_goes_on_there(visitor: Visitor) -> None:
    login = visitor.get("/login?next=/checkout")
    assert asked(login, "Create an account") == "/checkout"
    assert asked(visitor.get("/register?next=/checkout"), "Log in") == "/checkout"
    form = visitor.get("/register?next=/checkout").forms["register"]
    form["username"], form["password"] = "x", "short"
    again = form.submit().forms["register"]
    again["username"], again["password"] = "hana", "a good password"
    assert goal(again.submit()) == "/checkout"


def test_registering_leads_off_this_site_no_more_than_logging_in(visitor: Visitor) -> None:
    for n, there in enumerate(("", *ELSEWHERE)):
        fields = {"username": f"guest{n}", "password": "a good password", "next": there}
        assert goal(visitor.send("/register", **fields)) == "/", there
        visitor.send("/logout")


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/nothing-here"])
def test_from_where_there_is_nothing_to_go_back_to_login_leads_home(
    visitor: Visitor, path: str
) -> None:
    assert asked(visitor.get(path), "Log in") is None


def test_a_guest_without_orders_may_have_some_after_a_login(visitor: Visitor) -> None:
    page = visitor.get("/orders").html.find(class_="empty")
    assert "/login?next=%2Forders" in [link["href"] for link in page.find_all("a")]
    visitor.log_in()
    assert len(visitor.get("/orders").html.find(class_="empty").find_all("a")) == 1
