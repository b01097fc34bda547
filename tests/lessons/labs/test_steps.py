"""The steps of a lab: each button has one, and each comes in its turn."""

from typing import Any

import pytest

from demoapp.lessons.labs.views import NEEDS
from tests.lessons.labs.visiting import LABS
from tests.shops import Visitor


@pytest.mark.parametrize("lab", LABS)
def test_every_action_has_its_step(lab: str) -> None:
    texts, module = LABS[lab].texts("en"), LABS[lab].module
    done = [action for step in texts["steps"] if "does" in step for action in step["does"]]
    assert sorted(done) == sorted(module.ACTIONS)
    assert set(texts.get("needs", ())) <= set(NEEDS)


@pytest.mark.parametrize("lab", ["devices", "replay"])
def test_who_must_log_in_is_asked_for_that_first(shop: Any, lab: str) -> None:
    """A prediction that was made before would be forgotten on the way."""
    visitor = Visitor(shop)
    page = visitor.get(f"/labs/{lab}").html
    assert page.select(".predict, .steps button") == []
    assert page.select_one(".steps a")["href"].startswith("/login?next=")
    visitor.log_in()
    page = visitor.get(f"/labs/{lab}").html
    assert page.select(".predict") and page.select(".steps button")
    assert page.select(".steps a") == []
