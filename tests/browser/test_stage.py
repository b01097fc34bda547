"""Four shops in one process: one click reaches all, and each is itself below its path."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from demoapp.shop.accounts import DEMO_PASSWORD
from tests.browser.conftest import DEVELOPMENT, Watched
from tests.browser.test_pages import ALOUD, LIMIT, violations, weight
from tests.browser.test_shop import tab_to
from tests.processes import Shop
from tests.servers import RedisServer
from tests.shops import STRATEGIES, copy_sqlite


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def shop(
    redis: RedisServer, seeded_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("side-by-side")
    ini = DEVELOPMENT.read_text()
    for own, ours in {
        "redis://localhost:6379/0": redis.url,
        "sqlite:///%(here)s/var/demoapp.sqlite": copy_sqlite(seeded_file, folder),
    }.items():
        assert own in ini
        ini = ini.replace(own, ours)
    (folder / "development.ini").write_text(ini)
    with Shop(folder / "development.ini", "side-by-side") as shop:
        yield shop


@pytest.fixture
def page(watched: Watched, shop: Shop) -> Page:
    page = watched.page(shop.base_url, java_script_enabled=False)
    page.goto("/")
    return page


def click(page: Page, action: str) -> None:
    page.locator(f"button[value={action}]").click()


def states(page: Page) -> list[Any]:
    found: list[Any] = page.locator(".shop").evaluate_all(
        "all => all.map(shop => shop.dataset.state)"
    )
    return found


def quantities(page: Page, strategy: str) -> list[str]:
    return page.locator(f"#shop-{strategy} .shop-lines .num").all_inner_texts()


def test_one_click_goes_to_all_four(page: Page) -> None:
    assert states(page) == ["none"] * 4
    for _ in range(2):
        click(page, "add")
    page.locator("select").select_option("sejak")
    click(page, "add")
    assert states(page) == ["known"] * 4
    for strategy in STRATEGIES:
        assert quantities(page, strategy) == ["× 2", "× 1"]
    expect(page.locator("[data-ok=yes]")).to_have_count(4)
    names = {cookie.get("name") for cookie in page.context.cookies()}
    assert {f"session-{strategy}" for strategy in STRATEGIES} <= names
    assert "session" not in names
    # what is different: trips to a store, and the size of a cookie that holds it all
    facts = {name: page.locator(f"#shop-{name} .shop-facts").inner_text() for name in STRATEGIES}
    assert "no trip" in facts["memory"]
    assert "1 trip" in facts["redis"]
    assert "1 trip" in facts["database"]
    assert "43 bytes" in facts["memory"]
    assert "43 bytes" not in facts["custom"]

    click(page, "clear")
    assert quantities(page, "redis") == []
    page.reload()  # a click is told once
    expect(page.locator("[data-ok]")).to_have_count(0)
    assert quantities(page, "redis") == []


def test_everybody_logs_in_and_out_and_finds_the_cart_again(page: Page) -> None:
    click(page, "add")
    for _ in range(2):  # the first one registers
        click(page, "login")
        for strategy in STRATEGIES:
            expect(page.locator(f"#shop-{strategy}")).to_contain_text(f"side-{strategy}")
            assert quantities(page, strategy) == ["× 1"]
        click(page, "logout")
        expect(page.get_by_text("a guest")).to_have_count(4)
        assert quantities(page, "database") == []


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_shop_works_below_its_path(page: Page, shop: Shop, strategy: str) -> None:
    click(page, "add")
    page.locator(f"#shop-{strategy}").get_by_role("link", name="Into this shop").click()
    expect(page).to_have_url(f"{shop.base_url}/{strategy}/")
    expect(page.locator(".cart-count > span:first-child")).to_have_text("1")
    links = page.locator("a[href], form[action], img[src], script[src], link[href]").evaluate_all(
        "all => all.map(e => e.getAttribute('href') ?? e.getAttribute('action')"
        " ?? e.getAttribute('src'))"
    )
    assert [link for link in links if not link.startswith((f"/{strategy}/", "#"))] == []
    page.locator(".card form button").first.click()
    expect(page).to_have_url(f"{shop.base_url}/{strategy}/cart")
    page.get_by_role("button", name="한국어").click()
    expect(page).to_have_url(f"{shop.base_url}/{strategy}/cart")
    page.get_by_role("button", name="English").click()
    page.goto(f"/{strategy}/login")
    page.locator("input[name=username]").fill("minji")
    page.locator("input[name=password]").fill(DEMO_PASSWORD)
    page.locator("main form button[type=submit]").click()
    expect(page).to_have_url(f"{shop.base_url}/{strategy}/")
    page.goto(f"/{strategy}/nothing")
    page.get_by_role("link", name="Go back and try again").click()
    expect(page).to_have_url(f"{shop.base_url}/{strategy}/")
    page.goto(f"/{strategy}/labs/first-write")  # a lab that sends requests of its own
    click(page, "run")
    expect(page.locator("#observed")).to_contain_text("As expected.")
    page.goto("/")
    assert states(page) == ["known"] * 4


def test_forms_of_other_sites_and_other_nonsense_are_refused_S11(page: Page, shop: Shop) -> None:
    click(page, "add")
    post = page.request.post
    token = page.locator("input[name=csrf_token]").first.get_attribute("value") or ""
    forged: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"action": "clear"}, {}),
        ({"action": "clear", "csrf_token": "0" * 32}, {}),
        ({"action": "clear", "csrf_token": token}, {"Sec-Fetch-Site": "cross-site"}),
        ({"action": "steal", "csrf_token": token}, {}),
    ]
    for form, headers in forged:
        answer = post(shop.base_url, form=form, headers=headers, max_redirects=0)
        assert answer.status == 400
    page.goto("/")
    assert quantities(page, "memory") == ["× 1"]
    answer = post(
        shop.base_url, form={"action": "add", "sku": "coffee", "csrf_token": token}, max_redirects=0
    )
    assert answer.status == 303
    page.goto("/")
    expect(page.locator("[data-ok=no]")).to_have_count(4)
    for nonsense in ("bm9uc2Vuc2U=", "e30=", "W1tb", "%", '"'):
        own = f"side-by-side={nonsense}"
        assert page.request.get(shop.base_url, headers={"Cookie": own}).status == 200
    missing = page.goto("/nothing")
    assert missing is not None
    assert missing.status == 404
    assert states(page) == ["known"] * 4


def test_it_is_readable_for_everybody(watched: Watched, shop: Shop) -> None:
    for locale in ("en-US", "ko-KR"):
        page = watched.page(shop.base_url, locale=locale)
        page.goto("/")
        click(page, "add")
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
        page.reload()
        tab_to(page, page.locator(".shop a").last)  # passes all there is, and sees the focus
    assert weight(page.context, "/") <= LIMIT


def test_redis_down_is_a_matter_of_one_column_F1(
    page: Page, redis: RedisServer, shop: Shop
) -> None:
    click(page, "add")
    kept = next(c for c in page.context.cookies() if c.get("name") == "session-redis")
    redis.stop()
    try:
        page.reload()
        assert states(page) == ["known", "down", "known", "known"]
        click(page, "add")
        assert page.locator("[data-ok]").evaluate_all("all => all.map(e => e.dataset.ok)") == [
            "yes",
            "no",
            "yes",
            "yes",
        ]
        assert quantities(page, "custom") == ["× 2"]
        assert kept in page.context.cookies()
    finally:
        redis.start()


def test_after_a_restart_memory_has_forgotten_F9(page: Page, shop: Shop) -> None:
    click(page, "add")
    page.wait_for_load_state("networkidle")
    shop.stop()
    shop.start()
    page.reload()
    states_now = states(page)
    assert states_now[0] == "forgotten"
    assert states_now[2:] == ["known", "known"]
    assert quantities(page, "database") == ["× 1"]
