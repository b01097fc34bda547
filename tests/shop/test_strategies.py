"""What pages say of the strategies is written down once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demoapp.sessions import STRATEGIES
from demoapp.shop.accounts import DEMO_PASSWORD
from demoapp.shop.strategies import ELSEWHERE, FOUR, NAMES
from tests.shops import Visitor

TEMPLATES = Path(__file__).resolve().parents[2] / "demoapp" / "templates"
DRAWS = "diagrams.pt"
"""The one that draws each strategy in its own way."""


def test_all_four_are_in_words_and_are_there() -> None:
    assert list(NAMES) == [name for name in STRATEGIES if name in NAMES]


@pytest.mark.parametrize("template", sorted(p.name for p in TEMPLATES.glob("*.pt")))
def test_no_template_has_words_of_its_own(template: str) -> None:
    text = (TEMPLATES / template).read_text()
    assert template == DRAWS or sum(f"'{name}'" in text for name in STRATEGIES) < 3
    assert not [one for one in FOUR if one.motto in text or one.where in text]
    assert DEMO_PASSWORD not in text


def test_of_another_factory_nobody_knows_where(start_shop: Callable[..., Any]) -> None:
    """It was said to be a signed cookie."""
    factory = {"session.custom.factory": "pyramid_beaker.session_factory_from_settings"}
    visitor = Visitor(start_shop("custom", **factory, **{"beaker.session.type": "memory"}))
    assert str(ELSEWHERE) in visitor.get("/").html.find(class_="where").get_text()


def test_of_a_strategy_that_is_added_the_pages_say_no_more(
    start_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its module and its line in the switch are enough for the shop, and for what teaches."""
    monkeypatch.setitem(STRATEGIES, "drawer", "demoapp.sessions.memory")
    shop = start_shop("drawer")
    visitor = Visitor(shop)
    assert visitor.send("/cart/items", sku="sejak").status_int == 303
    assert visitor.log_in().status_int == 303
    labs = [f"/labs/{lab}" for lab in shop.registry["labs"]]
    for path in ("/", "/cart", "/session", "/session.json", "/strategies", "/labs", *labs):
        page = visitor.get(path)
        assert page.status_int == 200, path
        if page.content_type == "text/html":
            assert str(ELSEWHERE) in page.html.find(class_="where").get_text(), path
            assert 'href="/strategies/drawer"' not in page.text
