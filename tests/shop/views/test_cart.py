"""The cart: who puts something in stays where it was, and no page leads off this site."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.shop.views.leading import ELSEWHERE, goal
from tests.shops import Visitor


@pytest.fixture
def visitor(start_shop: Callable[..., Any]) -> Visitor:
    return Visitor(start_shop("memory"))


def test_adding_from_a_shelf_leads_back_to_the_card(visitor: Visitor) -> None:
    page = visitor.get("/?category=green&q=tea")
    form = next(f for f in page.forms.values() if f.action.endswith("/cart/items"))
    sku = form["sku"].value
    answer = form.submit()
    assert goal(answer) == f"/?category=green&q=tea#card-{sku}"
    back = answer.follow()
    assert back.html.find(id=f"card-{sku}") is not None
    assert "Added to the cart" in back.html.find(class_="flash").text


def test_adding_leads_to_the_cart_unless_a_page_of_ours_is_asked_for(visitor: Visitor) -> None:
    assert goal(visitor.send("/cart/items", sku="ujeon")) == "/cart"
    for there in ("", *ELSEWHERE):
        assert goal(visitor.send("/cart/items", sku="ujeon", next=there)) == "/cart", there
    product = visitor.get("/products/ujeon")
    assert goal(product.html and product.forms["buy"].submit()) == "/cart"
