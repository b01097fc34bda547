"""The lab `first-write` on every strategy."""

from typing import Any

from tests.lessons.labs.visiting import is_as_expected, sends
from tests.shops import Visitor


def test_first_write(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "first-write", "run", prediction="with-read")
    is_as_expected(visitor, "first-write", strategy)
    assert "Not what you predicted." in visitor.get("/labs/first-write").text
    assert visitor.cookie() is None  # the guest was another one
