"""The labs in a real browser: with JavaScript, without it, and with more than one tab."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demoapp.lessons import labs
from demoapp.lessons.labs.crowd import AT_ONCE
from demoapp.lessons.labs.lab import found
from demoapp.shop.accounts import DEMO_PASSWORD
from tests.browser.test_every_lab import predict
from tests.integration.client import Client
from tests.processes import Shop
from tests.shops import copy_sqlite

DEVELOPMENT = Path(__file__).resolve().parents[2] / "development.ini"
LABS = found(labs.__path__)


@pytest.fixture(scope="module", params=["memory", "custom"])
def address(
    request: pytest.FixtureRequest, seeded_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Of the shop: one process that keeps the sessions, and one that keeps none."""
    url = copy_sqlite(seeded_file, tmp_path_factory.mktemp("labs"))
    with Shop(DEVELOPMENT, request.param, settings={"sqlalchemy.url": url}) as shop:
        yield shop.base_url


@pytest.fixture
def script() -> bool:
    """Without JavaScript, unless a test says otherwise."""
    return False


@pytest.fixture
def page(chromium: Browser, address: str, script: bool) -> Iterator[Page]:
    with chromium.new_context(
        base_url=address, locale="en-US", java_script_enabled=script, reduced_motion="reduce"
    ) as context:
        complaints: list[str] = []
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        # the refused form of csrf-tabs, and a race without a place
        meant = ("400 (Bad Request)", "503 (Service Unavailable)")
        assert [said for said in complaints if not any(one in said for one in meant)] == []


def press(page: Page, action: str) -> None:
    predict(page)
    page.locator(f"button[value={action}]:not([hidden])").click()


def log_in(page: Page) -> None:
    page.get_by_label("Username").fill("demo")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.locator("main button[type=submit]").first.click()


def expect_the_expected(page: Page) -> None:
    """And there, where one looks: the page has not come back at the top."""
    expect(page.locator("#observed")).to_contain_text("This is how the strategy works.")
    expect(page.locator("#observed")).to_be_focused()
    expect(page.locator(".verdict")).to_be_in_viewport()


def crowd(address: str, stack: ExitStack) -> None:
    """Other visitors take every place in the labs, for some seconds."""
    others = [stack.enter_context(Client(address).open()) for _ in range(AT_ONCE)]
    for other in others:
        assert other.post("/labs/race", action="begin").status == 303
    pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
    adds = [pool.submit(other.post, "/labs/race", action="add") for other in others]
    stack.callback(wait, adds)


@pytest.mark.parametrize("script", [True])
def test_the_clicks_of_a_race_wait_for_a_place(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 600})
    page.goto("/labs/race")
    press(page, "begin")
    with ExitStack() as stack:
        crowd(address, stack)
        page.locator("button[data-race]").click()
        expect(page.locator(".racing")).to_contain_text("taken: waiting")
        expect(page.locator(".racing")).to_be_in_viewport(ratio=1)
        expect_the_expected(page)
    expect(page.locator(".counted")).to_contain_text("of 12")
    expect(page.locator("#observed .dots span")).to_have_count(12)


@pytest.mark.parametrize("script", [True, False])
def test_a_prediction_comes_before_the_act_and_the_result_to_the_eye(page: Page) -> None:
    page.goto("/labs/first-write")
    expect(page.locator("button[value=run]")).to_be_hidden()
    page.get_by_text("With the first page that is read.").first.click()
    page.locator("button[value=run]").click()
    expect_the_expected(page)
    expect(page.locator("#observed h2")).to_contain_text("Not what you predicted")
    page.emulate_media(media="print")
    expect(page.locator(".on-paper li").first).to_be_visible()
    expect(page.locator("#observed")).to_be_hidden()  # the paper does not tell
    expect(page.locator("main form").last).to_be_hidden()


def test_the_race_by_hand(page: Page) -> None:
    page.goto("/labs/race")
    press(page, "begin")
    with page.context.expect_page(lambda tab: len(tab.context.pages) == 3):
        press(page, "add")  # opens a tab, which is given three seconds
        press(page, "add")
    for tab in page.context.pages[1:]:
        expect(tab.locator(".steps [data-state=done]")).to_be_visible()
    expect(page.locator("button[data-race]")).to_be_hidden()
    press(page, "count")
    expect_the_expected(page)


def test_the_form_of_an_old_tab(page: Page) -> None:
    page.goto("/labs/csrf-tabs")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Log in, in a new tab").click()
    log_in(opened.value)
    opened.value.wait_for_url("**/labs/csrf-tabs")
    press(page, "send")
    expect_the_expected(page)


def test_a_tampered_cookie_and_the_way_back(page: Page) -> None:
    page.goto("/products/ujeon")
    page.locator("main form button[type=submit]").first.click()
    page.goto("/labs/tamper")
    press(page, "mark")
    press(page, "flip")
    expect_the_expected(page)
    expect(page.locator(".cart-count")).to_contain_text("0")
    press(page, "reset")
    expect(page.locator(".cart-count")).to_contain_text("1")


def test_a_login_that_arrives_with_a_chosen_id(page: Page) -> None:
    page.goto("/labs/fixation")
    press(page, "plant")
    press(page, "write")
    press(page, "log-in")
    log_in(page)
    expect_the_expected(page)


@pytest.mark.parametrize("script", [True])
def test_the_countdown_warns_before_the_end(page: Page) -> None:
    page.goto("/labs/expire")
    press(page, "begin")
    told = page.locator("[data-lab-ends]")
    expect(told).to_contain_text("about to end")
    expect(told).to_contain_text("should be over")
    press(page, "look")
    expect_the_expected(page)


@pytest.mark.parametrize("script", [True])
def test_the_pictures_are_drawn(page: Page) -> None:
    page.goto("/labs", wait_until="networkidle")
    heights = page.locator(".lab-picture use").evaluate_all(
        "all => all.map(u => u.getBBox().height)"
    )
    assert len(heights) == len(LABS)
    assert min(heights) > 40


def test_no_lab_is_wider_than_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    for path in ("/labs", *(f"/labs/{name}" for name in LABS)):
        page.goto(path)
        too_wide = page.locator("main pre, main table, main fieldset, main form").evaluate_all(
            """all => all.filter(one => one.getBoundingClientRect().right
              > document.querySelector("main").getBoundingClientRect().width)
              .map(one => one.outerHTML)"""
        )
        assert too_wide == [], path
