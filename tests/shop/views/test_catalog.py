"""The catalogue: each card is a way into the cart."""

from typing import Any

import pytest

from tests.shops import Visitor


@pytest.mark.parametrize(
    "path", ["/", "/?category=green", "/?category=gone", "/?q=tea", "/products/ujeon"]
)
def test_every_card_has_an_add_form(memory: Any, path: str) -> None:
    """Of its own: a reader, a robot and a test find it there, and need not know which button."""
    visitor = Visitor(memory)
    page = visitor.get(path)
    cards = page.html.select("main .card")
    assert len(cards) > 2
    forms = [form for form in page.forms.values() if "sku" in form.fields]
    for number, card in enumerate(cards, start=1):
        [form] = card.select("form[action$='/cart/items']")
        sku = form.select_one("input[name=sku]")["value"]
        assert card.select_one("a")["href"].endswith(f"/products/{sku}")
        [filled] = [one for one in forms if one["sku"].value == sku and card["id"] in one.text]
        assert filled.submit().status_int == 303
        assert visitor.state()["cart"]["quantity"] == number
