"""The stage in a browser: one act reaches all four, and everybody can read and use the page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from demoapp.lessons.content import content
from tests.browser.conftest import DEVELOPMENT, Watched
from tests.browser.test_pages import ALOUD, LIMIT, violations, weight
from tests.browser.test_shop import tab_to
from tests.processes import Shop
from tests.servers import RedisServer
from tests.shops import STRATEGIES, copy_sqlite

TOLD = re.compile(r"/stage#told$")


@pytest.fixture(scope="module")
def shop(
    redis_server: RedisServer, seeded_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    url = copy_sqlite(seeded_file, tmp_path_factory.mktemp("stage"))
    settings = {"sqlalchemy.url": url, "session.redis.url": redis_server.url}
    with Shop(DEVELOPMENT, "main", settings=settings) as shop:
        yield shop


def play(page: Page, action: str) -> None:
    page.locator(f"button[value={action}]").click()
    expect(page).to_have_url(TOLD)


def attributes(page: Page, name: str) -> list[Any]:
    found: list[Any] = page.locator(".shop").evaluate_all(
        f"all => all.map(shop => shop.getAttribute('data-{name}'))"
    )
    return found


def test_one_act_goes_to_all_four_without_javascript(watched: Watched, shop: Shop) -> None:
    page = watched.page(shop.base_url, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("link", name="See all four side by side").click()
    assert attributes(page, "state") == ["none"] * 4
    play(page, "add")
    page.locator("select").select_option("sejak")
    play(page, "add")
    for strategy in STRATEGIES:
        lines = page.locator(f"#shop-{strategy} .shop-lines .num")
        assert lines.all_inner_texts() == ["× 1", "× 1"]
    expect(page.locator("#told")).to_be_in_viewport()
    expect(page.locator("select")).to_have_value("sejak")
    page.locator("#shop-redis").get_by_role("link", name="Into this shop").click()
    expect(page).to_have_url(f"{shop.base_url}/stage/redis/")
    expect(page.locator(".cart-count > span:first-child")).to_have_text("2")
    links = page.locator("a[href], form[action], img[src], script[src], link[href]").evaluate_all(
        "all => all.map(e => e.getAttribute('href') ?? e.getAttribute('action')"
        " ?? e.getAttribute('src'))"
    )
    assert [link for link in links if not link.startswith(("/stage/redis/", "#"))] == []
    page.get_by_role("button", name="한국어").click()
    expect(page).to_have_url(f"{shop.base_url}/stage/redis/")
    page.goto("/stage/redis/labs/first-write")  # a lab that sends requests of its own
    page.locator("input[name=prediction]").first.check()
    page.locator("button[value=run]").click()
    expect(page.locator("#observed")).to_be_visible()
    page.goto("/stage/redis/labs")
    page.locator("main a[href$='/stage']").click()
    expect(page).to_have_url(f"{shop.base_url}/stage")


EVERY_ACT = {
    "add": ["done"] * 4,
    "login": ["done"] * 4,
    "logout": ["nothing"] * 4,
    "race": ["all", "all", "all", "some"],
    "fill": ["done"] * 4,
    "flip": ["nobody"] * 4,
    "restart": ["forgotten", "kept", "kept", "kept"],
    "cut": ["kept", "cut", "kept", "kept"],
    "mend": ["kept"] * 4,
    "clear": ["done"] * 4,
    "wait": ["waits"] * 4,
}
"""What the four come to, one act after the other."""


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_every_act_has_its_sentence(watched: Watched, shop: Shop, locale: str) -> None:
    page = watched.page(shop.base_url, locale=locale, java_script_enabled=False)
    page.goto("/stage")
    assert set(page.locator(".acts button").evaluate_all("all => all.map(b => b.value)")) == (
        EVERY_ACT.keys() - {"mend"}  # which stands there once Redis is cut off
    )
    words = content("stage", locale[:2])
    for act, outcomes in EVERY_ACT.items():
        play(page, act)
        assert attributes(page, "outcome") == outcomes, act
        expect(page.locator("#told")).to_have_text(words["act"][act]["told"])
        for strategy, outcome in zip(STRATEGIES, outcomes, strict=True):
            said = words["act"][act]["did"].get(strategy, {}).get(outcome)
            said = said or words["otherwise"][outcome]
            told = page.locator(f"#shop-{strategy} .did").inner_text()
            assert told.startswith(said.partition("{")[0]), (act, strategy)
    expect(page.locator(".shop[data-outcome=gone]")).to_have_count(4)  # it comes back by itself
    expect(page.locator("#told")).to_be_in_viewport()


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_it_is_fit_for_everybody(watched: Watched, shop: Shop, locale: str) -> None:
    page = watched.page(shop.base_url, locale=locale)
    page.goto("/stage")
    play(page, "add")
    expect(page.locator("#told")).to_be_focused()
    expect(page.locator("#told")).to_be_in_viewport()
    expect(page.locator("button[value=add]")).to_be_in_viewport()
    assert violations(page, runOnly=ALOUD) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, runOnly=["color-contrast"]) == []
    for width, columns in ((320, 1), (360, 1), (768, 2), (1280, 4)):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        tops = page.locator(".shop").evaluate_all(
            "all => all.map(shop => Math.round(shop.getBoundingClientRect().top))"
        )
        assert tops.count(tops[0]) == columns
    page.goto("/stage")
    tab_to(page, page.locator(".shop a").last)  # passes all there is, and sees the focus
    assert weight(page.context, "/stage") <= LIMIT


def test_a_second_press_waits_for_the_first(watched: Watched, shop: Shop) -> None:
    """An act may take seconds; the page says so meanwhile."""
    page = watched.page(shop.base_url)
    page.goto("/stage")
    page.evaluate("""
        addEventListener("submit", () => setTimeout(() => {
          sessionStorage.told = document.querySelector("#told").textContent;
          document.querySelector("button[value=add]").click();
        }));
    """)
    play(page, "fill")
    assert page.evaluate("sessionStorage.told") == "The four are at it …"
    assert attributes(page, "outcome") == ["done"] * 4
    assert attributes(page, "state") == ["none"] * 4


def test_after_a_restart_of_the_server_memory_has_forgotten_F9(
    watched: Watched, shop: Shop
) -> None:
    page = watched.page(shop.base_url)
    page.goto("/stage")
    play(page, "add")
    page.wait_for_load_state("networkidle")
    shop.stop()
    shop.start()
    page.reload()
    assert attributes(page, "state") == ["forgotten", "known", "known", "known"]
