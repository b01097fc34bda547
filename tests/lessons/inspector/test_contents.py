"""The Python session on /session: what is in it, and when it ends."""

from collections.abc import Callable
from typing import Any

import pytest

from demoapp.lessons.inspector.contents import duration
from tests.lessons.inspector.reading import StartShop, layer, row
from tests.shops import Visitor


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.9, "0:00:00"), (61, "0:01:01"), (43_200, "12:00:00")]
)
def test_a_duration_is_told_in_hours_minutes_and_seconds(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_an_empty_session_says_so_and_has_no_end(memory: Any) -> None:
    page = Visitor(memory).get("/session")
    assert "Empty. Put something in the cart" in layer(page, "session").get_text()
    assert row(page, "session", "session.new") == "True"
    assert "Nothing has been changed yet" in layer(page, "change").get_text()
    assert page.html.find("dt", string="Ends if you are idle for") is None


def test_the_idle_limit_ends_where_the_absolute_one_does(
    start_shop: StartShop, pass_time: Callable[[float], None]
) -> None:
    limits = {"session.idle_timeout": "200", "session.absolute_timeout": "250"}
    visitor = Visitor(start_shop("memory", **limits))
    visitor.send("/cart/items", sku="ujeon")

    def ends() -> tuple[str, str]:
        page = visitor.get("/session")
        idle, absolute = ("Ends if you are idle for", "Ends in any case in")
        return row(page, "summary", idle), row(page, "summary", absolute)

    idle, absolute = ends()
    assert idle == "0:03:20"
    assert absolute.startswith("0:04:")  # a session has begun in a whole second
    pass_time(100)
    idle, absolute = ends()
    assert idle == absolute < "0:02:31"
