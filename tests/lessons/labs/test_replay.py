"""The lab `replay` on every strategy."""

from typing import Any

from tests.lessons.labs.visiting import is_as_expected, seen, sends
from tests.shops import Visitor


def test_replay(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "replay", "mark")  # a guest has nothing to log out of
    assert visitor.cookie() is None
    visitor.log_in()
    sends(visitor, "replay", "mark")
    copy = visitor.cookie()
    sends(visitor, "replay", "copy")
    assert visitor.cookie() != copy
    assert visitor.state()["user"] is None
    assert seen(visitor.get("/labs/replay")) is None
    sends(visitor, "replay", "put-back")
    assert visitor.cookie() == copy
    is_as_expected(visitor, "replay", strategy)
    sends(visitor, "replay", "reset")
    assert visitor.cookie("lab-aside") is None
    assert visitor.cookie("lab-notes") is None
