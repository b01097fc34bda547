"""The lab `nested-change` on every strategy."""

from collections.abc import Callable
from typing import Any

from tests.lessons.labs.visiting import StartShop, is_as_expected, seen, sends
from tests.shops import Visitor


def test_nested_change(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "nested-change", "store")
    assert seen(visitor.get("/labs/nested-change")) is None
    sends(visitor, "nested-change", "change")
    outcome = is_as_expected(visitor, "nested-change", strategy)
    assert outcome == ("lost" if strategy == "custom" else "kept")


def test_nested_change_is_kept_late_in_a_cookie(
    start_shop: StartShop, pass_time: Callable[[float], None]
) -> None:
    visitor = Visitor(start_shop("custom", **{"session.touch_interval": "1"}))
    sends(visitor, "nested-change", "store")
    form = {"csrf_token": visitor.token(), "action": "change"}
    pass_time(2.1)  # Pyramid compares whole seconds
    visitor.post("/labs/nested-change", form)
    assert is_as_expected(visitor, "nested-change", "custom") == "late"
