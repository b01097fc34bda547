"""The living map in a browser: it moves when something has happened, and is legible on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched

MOVES = "getComputedStyle(document.querySelector('.where .basket')).animationName != 'none'"
"""Or has moved: a slow machine asks late."""


def add(page: Page) -> None:
    page.goto("/products/ujeon")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state("domcontentloaded")  # the strip is at its end


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_it_moves_when_something_has_happened(
    watched: Watched, serve: Callable[[str], str], motion: Any, moves: bool
) -> None:
    page = watched.page(serve("memory"), reduced_motion=motion)
    page.goto("/")
    assert not page.evaluate(MOVES)
    add(page)
    expect(page.locator(".where strong")).to_contain_text("1 item in process")
    assert page.evaluate(MOVES) == moves
    page.goto("/")
    assert not page.evaluate(MOVES)


def test_a_phone_reads_the_answer(watched: Watched, serve: Callable[[str], str]) -> None:
    phone = {"width": 320, "height": 640}
    page = watched.page(serve("memory"), viewport=phone, java_script_enabled=False)
    add(page)
    expect(page.locator(".where strong")).to_be_in_viewport(ratio=1)
    expect(page.locator(".where .map-picture")).to_be_in_viewport(ratio=1)
    page.locator("a.where-map").click()
    for part in (".map-picture", ".map-places", ".steps-of", ".layers"):
        box = page.locator(f"main {part}").first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= phone["width"]
    small = page.eval_on_selector_all(
        ".map *",
        "all => Math.min(...all.filter(one => one.childElementCount === 0 && !one.closest('svg')"
        " && one.textContent.trim()).map(one => parseFloat(getComputedStyle(one).fontSize)))",
    )
    assert small >= 12
