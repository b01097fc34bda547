"""Three minutes on the first page: a cart, a night, and where one is after adding."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched

TOP = "e => e.getBoundingClientRect().top"
PHONE = {"width": 360, "height": 800}


@pytest.mark.parametrize("script", [True, False])
def test_a_cart_survives_the_night_in_three_places_of_four(
    watched: Watched, serve: Callable[[str], str], script: bool
) -> None:
    page = watched.page(serve("memory"), viewport=PHONE, java_script_enabled=script)
    page.goto("/")
    story = page.locator("#story")
    story.get_by_role("button", name=re.compile("^Add to cart")).click()
    expect(page).to_have_url(re.compile("/#story$"))
    expect(page.get_by_role("status")).to_contain_text("Added to the cart")
    expect(page.get_by_role("status")).to_be_in_viewport()
    expect(story).to_contain_text("Items in your cart: 1")

    lost, kept = story.get_by_text("Gone."), story.get_by_text(re.compile("^Still there"))
    expect(lost).to_be_hidden()
    for time in ("Night", "Morning"):
        story.get_by_role("radio", name=time).check()
    expect(lost).to_be_visible()
    for number in range(3):
        expect(kept.nth(number)).to_be_visible()


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
