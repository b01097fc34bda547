"""The lab `fixation` on every strategy."""

from typing import Any

from tests.lessons.labs.visiting import is_as_expected, seen, sends
from tests.shops import Visitor


def test_fixation(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    own = visitor.state()["handle"]
    sends(visitor, "fixation", "plant")
    chosen = visitor.cookie()
    assert visitor.state()["cart"]["quantity"] == 0
    sends(visitor, "fixation", "write")
    assert visitor.cookie() != chosen
    assert seen(visitor.get("/labs/fixation")) is None
    assert sends(visitor, "fixation", "log-in").location.endswith("/login?next=%2Flabs%2Ffixation")
    visitor.log_in()
    is_as_expected(visitor, "fixation", strategy)
    left_behind = Visitor(shop)
    left_behind.set_cookie("session", visitor.cookie())
    assert left_behind.state()["user"] == "demo"
    sends(visitor, "fixation", "reset")
    if strategy != "custom":  # of a signed cookie nobody can end a single copy
        assert left_behind.state()["user"] is None
    state = visitor.state()
    assert (state["handle"], state["user"], state["cart"]["quantity"]) == (own, None, 1)


def test_fixation_leaves_a_visitor_without_a_session_as_it_was(shop: Any) -> None:
    visitor = Visitor(shop)
    sends(visitor, "fixation", "plant")
    sends(visitor, "fixation", "write")
    visitor.log_in()
    sends(visitor, "fixation", "reset")
    assert visitor.cookie() is None
