"""What time does to a page: the countdown, and the warning before the idle limit (WCAG 2.2.1)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes import Shop

DEVELOPMENT = Path(__file__).resolve().parents[2] / "development.ini"
LIMITS = {"session.idle_timeout": "23", "session.touch_interval": "0"}
"""The warning comes 20 seconds before the end, so three after the last request."""


@pytest.fixture
def page(chromium: Browser, sqlite_url: str) -> Iterator[Page]:
    settings = {"sqlalchemy.url": sqlite_url, **LIMITS}
    with Shop(DEVELOPMENT, "memory", settings=settings) as shop:
        page = chromium.new_page(base_url=shop.base_url, locale="en-US")
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        yield page
        page.close()
        assert complaints == []


def test_a_warning_comes_before_the_idle_limit_and_can_be_answered(page: Page) -> None:
    page.goto("/session")
    assert page.locator("#idle-warning").count() == 0  # nothing to lose
    page.goto("/products/ujeon")
    page.locator("main form button[type=submit]").first.click()
    page.goto("/session")
    left = page.locator("[data-deadline]").first
    before = left.text_content() or ""
    expect(left).not_to_have_text(before)  # it counts down
    warning = page.locator(".idle-warning")
    expect(warning).to_contain_text("Your cart will soon be forgotten")
    with page.expect_response("**/cart") as answer:
        warning.get_by_role("button", name="Keep my cart").click()
    assert answer.value.status == 200
    expect(warning).to_have_count(0)
    page.evaluate("localStorage['session-last-request'] = 0")  # a laptop that was closed
    expect(warning).to_contain_text("Your session may be over by now.")
    warning.get_by_role("button", name="Reload the page").click()
    expect(warning).to_have_count(0)


def test_the_strip_draws_the_server_timing_of_the_page(page: Page) -> None:
    page.goto("/products/ujeon")
    page.locator("main form button[type=submit]").first.click()
    entries = page.evaluate(
        "performance.getEntriesByType('navigation')[0].serverTiming"
        ".map(entry => [entry.name, entry.description])"
    )
    assert ["session-load", "0 trips"] in entries
