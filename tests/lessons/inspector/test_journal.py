"""The journal keeps the last requests, and not more than its bounds say."""

from types import SimpleNamespace
from typing import Any

from demoapp.front.timing import Stage
from demoapp.lessons.inspector.journal import Journal
from tests.lessons.inspector.reading import steps
from tests.shops import Visitor


def test_what_is_kept_is_bounded() -> None:
    journal = Journal(sessions=3, steps=2)
    step: Any = SimpleNamespace(load=Stage(), save=Stage())
    for number in range(9):
        journal.note(f"session {number % 5}", step)
    for _ in range(5):
        journal.note("one", step)
    assert len(journal.of("one")) == 2
    assert sum(bool(journal.of(f"session {number}")) for number in range(5)) == 2


def test_twenty_are_kept(shop: Any) -> None:
    visitor = Visitor(shop)
    for number in range(25):
        visitor.send("/cart/items", sku="ujeon", quantity=str(number % 3 + 1))
    assert len(steps(visitor)) == 20
