"""Three minutes on the first page: a cart, a night, and where one is after adding."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.test_pages import ALOUD, violations
from tests.shops import STRATEGIES

TOP = "e => e.getBoundingClientRect().top"
PHONE = {"width": 360, "height": 800}
EVERYWHERE = pytest.mark.parametrize(
    ("strategy", "locale"),
    # in Korean: where the session is kept by the shop, and where by the browser
    [*((strategy, "en-US") for strategy in STRATEGIES), ("redis", "ko-KR"), ("custom", "ko-KR")],
)


@EVERYWHERE
def test_three_minutes(
    watched: Watched, serve: Callable[[str], str], strategy: str, locale: str
) -> None:
    """A real cart, the night that one cart of four does not survive, and on to the labs."""
    script = locale == "en-US"
    page = watched.page(serve(strategy), viewport=PHONE, locale=locale, java_script_enabled=script)
    page.goto("/")
    page.locator(".hero-actions .button").click()
    story = page.locator("#story")
    expect(story.get_by_role("heading").first).to_be_in_viewport()
    story.locator(".story-tea button").click()
    expect(page).to_have_url(re.compile("/#story$"))
    expect(page.get_by_role("status").locator(".flash")).to_be_in_viewport()
    expect(story.locator(".story-done")).to_contain_text("1")
    expect(story.locator("[data-current] code")).to_have_text(strategy)
    expect(page.locator(".where .map-picture .count")).to_have_text("1")

    carts = story.locator(".ways-list > li")
    for time in ("evening", "night", "morning"):
        story.locator(f"input[value={time}]").check()
        for fate in ("evening", "night", "morning"):
            shown = carts.locator(f"[data-at={fate}]:visible")
            expect(shown).to_have_count(4 if fate == time else 0)
    kept, lost = carts.nth(1).locator("svg"), carts.nth(0).locator("svg")
    dashes = [one.evaluate("e => getComputedStyle(e).strokeDasharray") for one in (kept, lost)]
    assert dashes[0] == "none" != dashes[1]
    story.locator(".story-on a").nth(1).click()
    expect(page).to_have_url(re.compile("/labs/restart$"))


@EVERYWHERE
def test_the_time_machine_draws_a_row_for_each_tab(
    watched: Watched, serve: Callable[[str], str], strategy: str, locale: str
) -> None:
    context = watched.context(serve(strategy), locale=locale)
    one, two = context.new_page(), context.new_page()
    for tab, tea in ((one, "ujeon"), (two, "sejak")):
        tab.goto(f"/products/{tea}")
        tab.locator("#buy button").click()
    for tab, tea in ((one, "ujeon"), (two, "sejak")):  # now both show the same page
        tab.locator(f"form[action$={tea}] input[type=number]").fill("2")  # is sent by itself
        expect(tab.locator(".cart-count > span:first-child")).to_have_text(
            "3" if tab is one else "4"
        )
    one.goto("/session")
    steps = one.locator(".steps-of ol > li")
    changed = [
        (step.get_attribute("data-tab"), step.locator("h3").inner_text())
        for step in steps.filter(has=one.get_by_text(re.compile("^POST"))).all()
    ]
    assert changed == [
        ("2", "POST /cart/items/sejak"),
        ("1", "POST /cart/items/ujeon"),
        ("2", "POST /cart/items"),
        ("1", "POST /cart/items"),
    ]
    boxes = steps.locator("article").evaluate_all(
        "all => all.map(e => [e.parentElement.dataset.tab, e.getBoundingClientRect()])"
        ".map(([tab, box]) => [tab, box.top, box.left])"
    )
    assert [left for *_, left in boxes] == sorted({left for *_, left in boxes})
    assert len({(tab, top) for tab, top, _ in boxes}) == 2
    steps.nth(1).locator("summary").click()
    expect(steps.nth(1).locator("pre")).to_contain_text("@view_config")
    if strategy == "custom":  # it looks the same on all
        assert violations(one, runOnly=ALOUD) == []
        one.emulate_media(color_scheme="dark")
        assert violations(one, runOnly=["color-contrast"]) == []
        one.set_viewport_size({"width": 320, "height": 800})
        assert one.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("script", [True, False])
def test_adding_from_a_shelf_leaves_one_where_one_was(
    watched: Watched, serve: Callable[[str], str], script: bool
) -> None:
    page = watched.page(serve("memory"), java_script_enabled=script)
    page.goto("/")
    card = page.locator(".card").nth(10)
    card.evaluate("e => e.scrollIntoView({block: 'center'})")
    button = card.get_by_role("button")
    before = button.evaluate(TOP)
    button.click()
    expect(page.get_by_role("status")).to_contain_text("Added to the cart")
    expect(page.get_by_role("status")).to_be_in_viewport()
    expect(card).to_be_in_viewport()
    assert page.evaluate("scrollY") > 1000
    if script:
        expect(button).to_be_focused()
        assert abs(button.evaluate(TOP) - before) < 50


def test_on_a_phone_the_lessons_are_in_sight(watched: Watched, serve: Callable[[str], str]) -> None:
    for locale in ("en-US", "ko-KR"):
        page = watched.page(serve("memory"), viewport=PHONE, locale=locale)
        page.goto("/")
        for link in page.locator(".nav-learn a").all():
            box = link.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]
        expect(page.locator(".hero .eyebrow")).to_be_in_viewport()
        expect(page.locator(".hero .lead")).to_be_in_viewport()
