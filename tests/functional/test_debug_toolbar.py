"""pyramid_debugtoolbar beside our sessions: its own Session panel says what one wants to know."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.shops import Visitor

LINK = re.compile(r"/_debug_toolbar/[0-9a-f]+")


@pytest.fixture
def visitor(start_shop: Callable[..., Any], strategy: str) -> Visitor:
    shop = start_shop(strategy, **{"pyramid.includes": "pyramid_debugtoolbar"})
    return Visitor(shop, extra_environ={"REMOTE_ADDR": "127.0.0.1"})


def panel(visitor: Visitor, answer: Any) -> str:
    """The text of the toolbar's Session panel for a page."""
    found = LINK.search(answer.text)
    assert found
    content = visitor.get(found[0]).html.find(id="pDebugPanel-session-content")
    return re.sub(r"\s+", " ", content.get_text(" "))


def test_the_panel_shows_the_session_before_and_after(visitor: Visitor) -> None:
    visitor.send("/cart/items", sku="ujeon")
    told = panel(visitor, visitor.get("/cart"))
    assert "request.session was accessed during the main Request handler" in told
    _before, _, data = told.partition("key ingress egress")
    assert "{'ujeon': 1}" in data
    assert "Added to the cart" in data  # before: the page that was asked for has taken it out


@pytest.mark.parametrize("active", ["", "session"])
def test_the_panel_begins_no_session_S4(visitor: Visitor, active: str) -> None:
    visitor.set_cookie("pdtb_active", active)  # as the toolbar's Settings tab does
    for path in ("/", "/cart", "/session", "/static/site.css", "/nothing"):
        visitor.get(path)
    assert visitor.cookie() is None
    assert visitor.state()["handle"] is None
    assert visitor.state()["new"] is True


def test_the_shop_goes_on_as_ever(visitor: Visitor) -> None:
    visitor.send("/cart/items", sku="ujeon")
    assert visitor.log_in().status_int == 303
    before = visitor.cookie()
    state = visitor.state()
    assert (state["user"], state["cart"]["quantity"]) == ("demo", 1)
    assert visitor.send("/logout").status_int == 303
    assert visitor.cookie() != before
    assert visitor.state()["user"] is None
