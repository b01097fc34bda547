"""The lab `expire`, with both limits, on every strategy."""

from collections.abc import Callable

import pytest

from demoapp.lessons.labs import expire
from tests.lessons.labs.visiting import StartShop, is_as_expected, seen, sends
from tests.shops import STRATEGIES, Visitor


@pytest.fixture
def short_sessions(
    start_shop: StartShop, pass_time: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Visitor]:
    """A visitor of every strategy."""
    monkeypatch.setattr(expire, "IDLE", 100)
    monkeypatch.setattr(expire, "ABSOLUTE", 250)
    visitors = {strategy: Visitor(start_shop(strategy)) for strategy in STRATEGIES}
    for visitor in visitors.values():
        sends(visitor, "expire", "begin")
        sends(visitor, "expire", "look")
        page = visitor.get("/labs/expire")
        assert seen(page) is None
        assert "data-lab-ends" in page.text
        assert visitor.cookie() is None  # the visitor's own session has nothing to do with it
    return visitors


def test_expire_by_the_idle_limit_S8(
    short_sessions: dict[str, Visitor], pass_time: Callable[[float], None]
) -> None:
    pass_time(102)
    for strategy, visitor in short_sessions.items():
        sends(visitor, "expire", "look")
        assert is_as_expected(visitor, "expire", strategy) == "idle"
        sends(visitor, "expire", "reset")
        sends(visitor, "expire", "begin")
        sends(visitor, "expire", "look")
        assert seen(visitor.get("/labs/expire")) is None


def test_expire_by_the_absolute_limit_S8(
    short_sessions: dict[str, Visitor], pass_time: Callable[[float], None]
) -> None:
    for _ in range(4):
        pass_time(60)
        for visitor in short_sessions.values():
            token = visitor.cookie("csrf")
            visitor.post("/labs/expire", {"csrf_token": token, "action": "look"})
            assert seen(visitor.get("/labs/expire")) is None
    pass_time(60)
    for strategy, visitor in short_sessions.items():
        sends(visitor, "expire", "look")
        assert is_as_expected(visitor, "expire", strategy) == "absolute"
