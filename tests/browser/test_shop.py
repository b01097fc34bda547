"""The shop as a visitor meets it, on every strategy: with and without JavaScript, by keyboard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Watched, log_in
from tests.shops import STRATEGIES

FOCUSED = """goal => {
  const focused = document.activeElement;
  if (focused === document.body) return {outside: true};
  const style = getComputedStyle(focused);
  const box = focused.getBoundingClientRect();
  const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    element: focused.outerHTML,
    outline: [style.outlineStyle, style.outlineWidth],
    obscured: !at || !(focused.contains(at) || at.contains(focused)),
    reached: focused === goal,
  };
}"""
"""What has the focus; obscured if something lies over the middle of it, or it is out of sight
(WCAG 2.4.11)."""
PRESSED_TWICE = """form => [1, 2].map(() => form.dispatchEvent(
  new SubmitEvent("submit", {bubbles: true, cancelable: true})))"""
"""Whether a form is sent when its button is pressed, and when again before the answer."""


@pytest.fixture
def address(serve: Callable[[str], str], strategy: str) -> str:
    return serve(strategy)


def cart_count(page: Page) -> Locator:
    return page.locator(".cart-count > span:first-child")


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)
    page.get_by_role("searchbox").press("Enter")


@pytest.mark.parametrize(
    ("strategy", "script"),
    # without JavaScript: where the session is kept by the shop, and where by the browser
    [*((strategy, True) for strategy in STRATEGIES), ("redis", False), ("custom", False)],
)
def test_from_the_catalogue_to_an_order(watched: Watched, address: str, script: bool) -> None:
    page = watched.page(address, java_script_enabled=script)
    page.goto("/")
    search(page, "sejak")
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Add to cart.*Sejak")).click()
    expect(page.get_by_role("status")).to_contain_text("Added to the cart: 1 × Sejak")
    expect(cart_count(page)).to_have_text("1")
    expect(page).to_have_url(re.compile(r"\?q=sejak#card-sejak$"))

    page.locator(".cart-link").click()
    page.get_by_label("Quantity of Sejak").fill("3")
    page.get_by_role("button", name=re.compile("^Update.*Sejak")).click()
    expect(cart_count(page)).to_have_text("3")

    page.get_by_role("button", name="한국어").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(cart_count(page)).to_have_text("3")
    page.get_by_role("button", name="English").click()

    page.get_by_role("link", name="Log in", exact=True).click()
    log_in(page)
    expect(page.get_by_role("status")).to_contain_text("Welcome, demo.")
    expect(cart_count(page)).to_have_text("3")

    page.goto("/cart")
    page.get_by_role("link", name="Check out").click()
    page.get_by_label("Name").fill("Kim Minji")
    page.get_by_label("Address").fill("12 Jongno\nSeoul")
    page.get_by_role("button", name="Place the order").click()
    expect(page).to_have_url(re.compile(r"/orders/[\w-]+$"))
    expect(page.locator("main")).to_contain_text("Sejak")
    expect(cart_count(page)).to_have_text("0")
    number = page.url.rpartition("/")[2]
    page.goto("/orders")
    expect(page.locator("main")).to_contain_text(number)

    page.locator("details.account summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_contain_text("You are logged out.")
    expect(page.get_by_role("link", name="Log in", exact=True)).to_be_visible()


@pytest.mark.parametrize("strategy", ["memory"])
def test_a_changed_quantity_is_sent_by_itself(watched: Watched, address: str) -> None:
    page = watched.page(address)
    page.goto("/products/ujeon")
    for _ in range(2):
        assert page.locator("form.buy").evaluate(PRESSED_TWICE) == [True, False]
        page.evaluate("dispatchEvent(new Event('pageshow'))")  # after Back it is as before
    page.reload()
    page.locator("main form button[type=submit]").first.click()
    page.get_by_label("Quantity of Ujeon").fill("2")
    expect(cart_count(page)).to_have_text("2")
    expect(page.get_by_label("Quantity of Ujeon")).to_be_focused()


@pytest.mark.parametrize("strategy", ["database", "custom"])
def test_what_is_refused_is_told_and_changes_nothing(watched: Watched, address: str) -> None:
    page = watched.page(address, java_script_enabled=False)
    page.goto("/products/ujeon")
    page.locator("main form button[type=submit]").first.click()
    page.goto("/login")
    page.locator("input[name=username]").fill("demo")
    page.locator("input[name=password]").fill("not the password")
    page.locator("main form button[type=submit]").click()
    expect(page.get_by_role("alert")).to_contain_text("Username or password is wrong.")
    expect(page.locator("input[name=username]")).to_have_value("demo")

    stale = page.context.new_page()
    stale.goto("/cart")
    page.goto("/login")
    log_in(page)  # renews the CSRF token, so the form of the other tab is stale
    stale.get_by_role("button", name="Empty the cart").click()
    expect(stale.locator(".error-page")).to_contain_text("400")
    expect(cart_count(stale)).to_have_text("1")


@pytest.mark.parametrize("strategy", ["database"])
def test_error_pages_lead_back_to_the_shop(watched: Watched, address: str) -> None:
    for locale, word in (("en-US", "To the shop"), ("ko-KR", "가게")):
        page = watched.page(address, locale=locale)
        for path in ("/nothing-here", "/products/nothing", "/orders/nothing", "/labs/nothing"):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 404
            expect(page.locator("h1")).to_be_visible()
        page.locator(".error-page .actions a").filter(has_text=word).first.click()
        expect(page).to_have_url(f"{address}/")


# -- by keyboard


def tab_to(page: Page, goal: Locator) -> None:
    """Press Tab until the goal has the focus; all that is passed shows where the focus is."""
    for _ in range(150):
        page.keyboard.press("Tab")
        focused = goal.evaluate(FOCUSED)
        if "outside" in focused:
            continue  # the browser's own part of the round
        assert focused["outline"] == ["solid", "3px"], focused["element"]
        assert not focused["obscured"], focused["element"]
        if focused["reached"]:
            return
    raise AssertionError(f"not reached by keyboard: {goal}")


@pytest.mark.parametrize("strategy", ["memory"])
def test_checkout_by_keyboard_alone(watched: Watched, address: str) -> None:
    page = watched.page(address)
    page.goto("/products/ujeon")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.locator("main form button[type=submit]").first)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}/cart")
    tab_to(page, page.get_by_role("link", name="Log in", exact=True))
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}/login?next=%2Fcart")
    tab_to(page, page.locator("input[name=username]"))
    page.keyboard.type("minji")
    tab_to(page, page.locator("input[name=password]"))
    page.keyboard.type("pyramid tea house")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Welcome, minji.")

    tab_to(page, page.locator("details.account summary"))
    page.keyboard.press("Enter")
    expect(page.locator(".account-menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".account-menu")).to_be_hidden()
    tab_to(page, page.locator(".cart-link"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="Check out"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Name"))
    page.keyboard.type("Kim Minji")
    tab_to(page, page.get_by_label("Address"))
    page.keyboard.type("12 Jongno, Seoul")
    tab_to(page, page.get_by_role("button", name="Place the order"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/orders/[\w-]+$"))
