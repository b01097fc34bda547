"""Every kind of page, in both languages: accessible, light, of one host, and fit for a phone."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from demoapp.assets import STATIC
from tests.browser.conftest import Watched

LIMIT = 60 * 1024
"""Bytes on the wire, headers too, of a page with all that it loads as it is opened."""
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
ALOUD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

GUEST = {"catalog": "/", "login": "/login", "register": "/register", "empty cart": "/cart"}
USER = {
    "category": "/?category=green",
    "search": "/?q=tea",
    "nothing found": f"/?q={'coffee' * 12}",
    "product": "/products/ujeon",
    "cart": "/cart",
    "checkout": "/checkout",
    "orders": "/orders",
    "order": "",  # known when it is placed
    "account": "/account/sessions",
    "session": "/session?raw=1",
    "strategies": "/strategies",
    "strategy": "/strategies/redis",
    "labs": "/labs",
    "lab": "/labs/race",
    "course": "/docs",
    "page of the course": "/docs/elsewhere",
    "tables of the course": "/docs/production",
    "not found": "/nothing-here",
}


def put_in_cart(page: Page) -> None:
    page.goto("/products/ujeon")
    page.locator("main form button[type=submit]").first.click()


def register(page: Page, name: str) -> None:
    page.goto("/register")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill("long enough")
    page.locator("main form button[type=submit]").click()
    fits(page, 360)  # the welcome, too
    page.set_viewport_size(DESKTOP)


def check_out(page: Page) -> str:
    page.goto("/checkout")
    page.locator("input[name=name]").fill("Kim Minji")
    page.locator("textarea[name=address]").fill("12 Jongno, Seoul")
    page.locator("main form button[type=submit]").click()
    return str(page.evaluate("location.pathname"))


@pytest.fixture(scope="module")
def visitors(chromium: Browser, serve: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    """A guest and a user with an order and a cart, in each language; and what they complain of."""
    watched, address = Watched(chromium), serve("database")
    found: dict[str, Any] = {}
    for locale in ("en-US", "ko-KR"):
        user = watched.context(address, locale=locale, viewport=DESKTOP)
        page = user.new_page()
        put_in_cart(page)
        register(page, name=f"{locale[:2]}{'w' * 38}")  # as long as a name may be
        order = check_out(page)
        put_in_cart(page)
        guest = watched.context(address, locale=locale, viewport=DESKTOP).new_page()
        found[locale] = {"user": page, "guest": guest, "order": order}
    yield found
    watched.close()


@pytest.fixture(scope="module", params=["en-US", "ko-KR"])
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=[*GUEST, *USER])
def page(request: pytest.FixtureRequest, visitors: dict[str, Any], locale: str) -> Page:
    """One of each kind, opened once for all that is asked of it."""
    kind, own = request.param, visitors[locale]
    page: Page = own["guest" if kind in GUEST else "user"]
    page.goto(own["order"] if kind == "order" else {**GUEST, **USER}[kind])
    assert page.locator("html").get_attribute("lang") == locale[:2]
    return page


def violations(page: Page, **options: Any) -> list[str]:
    """What axe complains of, in a window so high that the strip at its foot hides nothing."""
    size = page.viewport_size or DESKTOP
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": height + 100})
    found = Axe().run(page, options={"resultTypes": ["violations"], **options})
    page.set_viewport_size(size)
    return [
        f"{rule['id']}: {node['html'][:200]}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


def test_axe_finds_nothing(page: Page, locale: str) -> None:
    """The light is looked at in one language, and the dark in the other: half of axe's work."""
    contrast = {"enabled": locale == "en-US"}
    assert violations(page, runOnly=ALOUD, rules={"color-contrast": contrast}) == []


@pytest.mark.parametrize("locale", ["ko-KR"], indirect=True)
def test_contrast_is_enough_in_the_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    try:
        assert violations(page, runOnly=["color-contrast"]) == []
    finally:
        page.emulate_media(color_scheme="light")


def test_no_colour_is_of_a_language() -> None:
    """So it is enough to look at the light in one, and at the dark in one."""
    styles = "".join(path.read_text() for path in STATIC.glob("*.css"))
    rules = re.findall(r":lang\(\w+\)[^{}]*\{([^{}]*)\}", styles)
    assert len(rules) > 3
    assert not [rule for rule in rules if re.search("color|background|#", rule)]


def fits(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_it_fits_a_phone_a_tablet_and_a_desktop(page: Page) -> None:
    try:
        for width in (320, 360, 768, 1280):
            fits(page, width)
            heading = page.locator("h1").bounding_box()
            assert heading is not None
            assert heading["x"] >= 0
            assert heading["x"] + heading["width"] <= width
    finally:
        page.set_viewport_size(DESKTOP)


def weight(context: BrowserContext, path: str) -> int:
    """Of a page opened by a browser that has nothing in its cache.

    Pictures far below load when a reader comes near, each of them some 2 KB.
    """
    page, sizes = context.new_page(), list[int]()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    usual = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1, "offline": False}
    # on a line that it does not know, Chromium takes pictures from twice as far below
    network.send("Network.emulateNetworkConditions", {**usual, "connectionType": "cellular4g"})
    network.on("Network.loadingFinished", lambda done: sizes.append(done["encodedDataLength"]))
    page.goto(path, wait_until="networkidle")
    assert len(sizes) >= 5  # the page, two style sheets, a script, the logo
    return int(sum(sizes))


@pytest.mark.parametrize(
    "path", ["/", "/products/ujeon", "/cart", "/session", "/labs", "/labs/race", "/strategies"]
)
def test_a_page_weighs_at_most_60_kb(
    watched: Watched, serve: Callable[[str], str], path: str
) -> None:
    for locale, width in (("en-US", 1280), ("ko-KR", 1280), ("ko-KR", 360)):
        viewport: ViewportSize = {"width": width, "height": 800}
        context = watched.context(serve("database"), locale=locale, viewport=viewport)
        found = weight(context, path)
        assert found <= LIMIT, (locale, width)


@pytest.mark.parametrize(("width", "columns"), [(360, 2), (768, 3), (1280, 3)])
def test_the_shelves_have_room(
    watched: Watched, serve: Callable[[str], str], width: int, columns: int
) -> None:
    page = watched.page(serve("database"), viewport={"width": width, "height": 800})
    page.goto("/")
    tops = page.locator(".shelf:first-of-type .grid > li").evaluate_all(
        "cards => cards.filter(card => card.checkVisibility())"
        ".map(card => Math.round(card.getBoundingClientRect().top))"
    )
    assert tops == [tops[0]] * columns  # none stands alone
    put_in_cart(page)
    lines, summary = page.locator(".lines").bounding_box(), page.locator(".summary").bounding_box()
    assert lines is not None
    assert summary is not None
    beside = summary["x"] >= lines["x"] + lines["width"]
    below = summary["y"] >= lines["y"] + lines["height"]
    assert (beside, below) == ((True, False) if width == 1280 else (False, True))
