"""The button that starts everything over, as it is pressed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched


@pytest.mark.parametrize("where", ["/labs", "/stage/custom/session"])
def test_pressed_it_leads_to_the_first_page(
    watched: Watched, serve: Callable[[str], str], where: str
) -> None:
    page = watched.page(serve("memory"), locale="ko-KR")
    page.goto("/stage")  # the way to its shops begins there
    page.get_by_role("button", name="네 곳에 모두 담기").click()
    expect(page.locator(".shop[data-state=known]")).to_have_count(3)
    page.goto(where)
    page.get_by_text("모두 처음으로 되돌리기").click()
    page.get_by_role("button", name="처음부터 다시 하기").click()
    expect(page).to_have_url(f"{serve('memory')}/?goodbye=all")
    expect(page.get_by_role("status")).to_contain_text("처음으로 돌아왔습니다")
    page.goto("/stage")
    expect(page.locator(".shop[data-state=none]")).to_have_count(3)  # no Redis is here
