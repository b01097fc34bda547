"""The lab `tamper` on every strategy."""

from typing import Any

from tests.lessons.labs.visiting import is_as_expected, seen, sends
from tests.shops import Visitor


def test_tamper(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    sends(visitor, "tamper", "mark")
    before = visitor.cookie()
    sends(visitor, "tamper", "flip")
    assert visitor.cookie() != before
    is_as_expected(visitor, "tamper", strategy)
    assert visitor.state()["cart"]["quantity"] == 0
    # another lab waits until this one has brought the session back
    assert "/labs/tamper" in visitor.get("/labs/restart").html.find(class_="notice").a["href"]
    sends(visitor, "restart", "mark")
    assert visitor.state()["handle"] is None
    sends(visitor, "tamper", "reset")
    assert visitor.state()["cart"]["quantity"] == 1
    assert visitor.cookie("lab-aside") is None
    assert seen(visitor.get("/labs/tamper")) is None
