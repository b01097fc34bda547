"""/strategies on a phone: as many columns as one wants, and letters that can be read."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Watched

SMALLEST = """() => Math.min(...[...document.querySelectorAll("main *")]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 1
    && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .map(e => parseFloat(getComputedStyle(e).fontSize) * (e.getScreenCTM?.().a ?? 1)))"""


def test_a_phone_compares_two_or_as_many_as_are_chosen(
    watched: Watched, serve: Callable[[str], str]
) -> None:
    page = watched.page(
        serve("database"), viewport={"width": 360, "height": 800}, java_script_enabled=False
    )
    page.goto("/strategies")
    answers = page.locator(".compare tbody tr:first-child td:visible")
    expect(answers).to_have_count(2)
    page.get_by_role("checkbox", name="custom").check()
    expect(answers).to_have_count(3)
    for name in ("redis", "database"):
        page.get_by_role("checkbox", name=name).uncheck()
    expect(answers).to_have_count(1)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.reload()
    expect(answers).to_have_count(4)


def test_no_letter_is_smaller_than_12_pixels(watched: Watched, serve: Callable[[str], str]) -> None:
    for locale in ("en-US", "ko-KR"):
        page = watched.page(serve("database"), locale=locale)
        for path in ("/strategies", "/strategies/redis", "/"):
            page.goto(path)
            for width in (320, 360, 768, 1280):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate(SMALLEST) >= 12, (path, width)
