"""What pages say of the strategies is written down once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demoapp.sessions import STRATEGIES
from demoapp.shop.accounts import DEMO_PASSWORD
from demoapp.shop.strategies import ELSEWHERE, FOUR
from tests.shops import Visitor

TEMPLATES = Path(__file__).resolve().parents[2] / "demoapp" / "templates"
DRAWS = "diagrams.pt"
"""The one that draws each strategy in its own way."""


def test_all_four_are_in_words() -> None:
    assert [strategy.name for strategy in FOUR] == list(STRATEGIES)


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
