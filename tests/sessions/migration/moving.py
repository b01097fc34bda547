"""A visitor who goes from one shop to the next, with the cookies of the first."""

from typing import Any

from tests.shops import Visitor


def arrive(shop: Any, cookies: dict[str, str]) -> Visitor:
    visitor = Visitor(shop)
    for name, value in cookies.items():
        visitor.set_cookie(name, value)
    return visitor


def cookies_of(visitor: Visitor) -> dict[str, str]:
    return {name: value.strip('"') for name, value in visitor.cookies.items()}


def shopper(shop: Any) -> Visitor:
    visitor = Visitor(shop)
    assert visitor.log_in().status_int == 303
    assert visitor.send("/cart/items", sku="ujeon", quantity="3").status_int == 303
    return visitor
