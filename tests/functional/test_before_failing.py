"""What a field wants is said before it is filled in, and times in the reader's zone."""

from collections.abc import Callable
from typing import Any

import pytest

from demoapp.i18n import when
from tests.shops import Visitor


def hint(page: Any, name: str) -> str:
    field = page.html.find("input", {"name": name})
    return str(page.html.find(id=field["aria-describedby"]).text.strip())


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_rules_are_said_before_they_are_broken(start_shop: Callable[..., Any], locale: str) -> None:
    visitor = Visitor(start_shop("memory"))
    visitor.set_cookie("locale", locale)
    told = {
        "en": (
            "Use 2 to 40 letters, digits, dots, dashes or underscores.",
            "Use 8 to 1,024 characters.",
        ),
        "ko": (
            "글자, 숫자, 점(.), 붙임표(-), 밑줄(_)로 2~40자를 입력해 주세요.",
            "8~1,024자로 입력해 주세요.",
        ),
    }[locale]
    page = visitor.get("/register")
    assert (hint(page, "username"), hint(page, "password")) == told
    assert page.html.find(class_="field-error") is None
    visitor.log_in()
    assert hint(visitor.get("/account/sessions"), "new") == told[1]
    for name in ("username", "password"):  # whoever has a password knows it
        assert "aria-describedby" not in visitor.get("/login").html.find(attrs={"name": name}).attrs


def test_times_are_told_where_their_readers_live() -> None:
    new_year = 1_767_223_800  # 23:30 on 31 December 2025, in Greenwich
    assert when(new_year, "en") == "31 December 2025, 23:30 UTC"
    assert when(new_year, "ko") == "2026년 1월 1일 08:30 KST"
