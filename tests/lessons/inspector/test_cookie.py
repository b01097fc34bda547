"""The first layers of /session: a cookie, and what came of it when it was checked."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.lessons.inspector.reading import StartShop, layer
from tests.shops import Visitor


def test_visitors_without_a_session(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    page = visitor.get("/session")
    assert "You have no session yet" in page.text
    assert "not even asked" in layer(page, "check").get_text()
    visitor.set_cookie("session", "A" * 43)
    page = visitor.get("/session")
    assert page.status_int == 200
    assert "leads to no session any more" in page.text
    reason = "signature does not match" if strategy == "custom" else "no such record"
    assert reason in layer(page, "check").get_text()
    visitor.set_cookie("session", "not-one-of-ours")
    assert visitor.get("/session").status_int == 200


def test_an_expired_session(
    start_shop: StartShop, strategy: str, pass_time: Callable[[float], None]
) -> None:
    limits = {"session.idle_timeout": "100", "session.touch_interval": "0"}
    visitor = Visitor(start_shop(strategy, **limits))
    visitor.send("/cart/items", sku="ujeon")
    assert "leads to no session" not in visitor.get("/session").text
    pass_time(102)  # a signed cookie counts whole seconds
    assert "leads to no session any more" in visitor.get("/session").text


@pytest.mark.parametrize(("old", "new"), [("custom", "database"), ("database", "custom")])
def test_a_session_on_its_way_from_another_strategy(
    start_shop: StartShop, sqlite_url: str, old: str, new: str
) -> None:
    visitor = Visitor(start_shop(old, **{"sqlalchemy.url": sqlite_url}))
    visitor.send("/cart/items", sku="ujeon")
    moved = Visitor(start_shop(new, **{"sqlalchemy.url": sqlite_url, "session.migrate_from": old}))
    moved.set_cookie("session", visitor.cookie() or "")
    page = moved.get("/session?raw=1")
    assert page.status_int == 200
    assert f"before ({old})" in layer(page, "check").get_text()
    moved.send("/cart/items", sku="ujeon")
    assert "before (" not in layer(moved.get("/session"), "check").get_text()
