"""The cart that is kept at logout comes back with the next login: once, to whom it belongs."""

from typing import Any

from sqlalchemy import select

from demoapp.shop.models import SavedCart
from tests.shops import Visitor


def saved(shop: Any) -> list[dict[str, int]]:
    with shop.registry["dbsession_factory"]() as session:
        return list(session.scalars(select(SavedCart.lines)))


def leave_behind(shop: Any, sku: str, username: str = "demo") -> None:
    visitor = Visitor(shop)
    visitor.log_in(username)
    visitor.send("/cart/items", sku=sku)
    visitor.send("/logout")


def cart(visitor: Visitor) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in visitor.state()["cart"]["lines"]}


def test_it_stays_until_the_browser_shows_the_session_that_it_is_in(shop: Any) -> None:
    leave_behind(shop, "ujeon")
    assert saved(shop) == [{"ujeon": 1}]
    visitor = Visitor(shop)
    visitor.log_in()
    assert saved(shop) == [{"ujeon": 1}]  # the answer may have been lost
    assert cart(visitor) == {"ujeon": 1}
    assert saved(shop) == []
    assert cart(visitor) == {"ujeon": 1}


def test_those_of_several_browsers_come_together_in_the_next(memory: Any) -> None:
    one, other = Visitor(memory), Visitor(memory)
    for visitor, sku in ((one, "ujeon"), (other, "sejak")):
        visitor.log_in()
        visitor.send("/cart/items", sku=sku, quantity="2")
    for visitor in (one, other):
        visitor.send("/logout")
    third = Visitor(memory)
    third.send("/cart/items", sku="ujeon")
    third.log_in()
    assert cart(third) == {"ujeon": 3, "sejak": 2}
    assert saved(memory) == []


def test_it_is_for_its_owner_and_an_empty_one_is_not_kept(memory: Any) -> None:
    leave_behind(memory, "ujeon")
    minji = Visitor(memory)
    minji.log_in("minji")
    assert cart(minji) == {}
    minji.send("/cart/items", sku="sejak")
    minji.send("/cart/clear")
    assert minji.send("/logout").status_int == 303
    assert saved(memory) == [{"ujeon": 1}]
