"""Products as a page shows them: in its language, and those that are sold."""

from typing import Any

import pytest
from sqlalchemy import delete

from demoapp.shop.models import Product
from tests.shops import Visitor


@pytest.mark.parametrize(("locale", "name"), [("en", "Ujeon, first flush"), ("ko", "하동 우전")])
def test_a_line_of_the_cart_is_in_the_language_of_the_page(
    memory: Any, locale: str, name: str
) -> None:
    visitor = Visitor(memory)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    visitor.set_cookie("locale", locale)
    assert name in visitor.get("/products/ujeon").html.h1.get_text()
    assert name in visitor.get("/cart").html.main.get_text()


def test_what_is_sold_no_more_is_no_line_and_costs_nothing(memory: Any) -> None:
    visitor = Visitor(memory)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    visitor.send("/cart/items", sku="sejak")
    with memory.registry["dbsession_factory"].begin() as session:
        session.execute(delete(Product).where(Product.sku == "ujeon"))
    [line] = visitor.state()["cart"]["lines"]
    assert line["sku"] == "sejak"
    assert visitor.state()["cart"]["total"] == line["unit_price"]
    assert visitor.get("/cart").status_int == 200
    assert visitor.send("/cart/items/ujeon", quantity="0").status_int == 303  # it can be taken out
