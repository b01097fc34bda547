"""The accounts to try are shown where it teaches."""

from collections.abc import Callable
from typing import Any

import pytest

from demoapp.shop.accounts import DEMO_NAMES, DEMO_PASSWORD
from tests.shops import Visitor


@pytest.mark.parametrize("value", ["true", "yes", "1"])
def test_accounts_to_try_are_shown_where_it_teaches(
    start_shop: Callable[..., Any], value: str
) -> None:
    assert "minji" in Visitor(start_shop("memory", **{"demo.labs": value})).get("/login").text


def test_the_login_page_names_the_accounts(start_shop: Callable[..., Any]) -> None:
    note = Visitor(start_shop("memory")).get("/login").html.find("aside", class_="note")
    assert [code.get_text() for code in note.find_all("code")] == [*DEMO_NAMES, DEMO_PASSWORD]
