"""Every lab on every strategy, done in a real browser as its page says.

What has to be observed is not written here: the page compares it with what
its lab.toml expects of the strategy, and says "This is how the strategy works." or not.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demoapp.lessons import labs
from demoapp.lessons.labs import expire
from demoapp.lessons.labs.lab import found
from demoapp.sessions import STRATEGIES
from tests.browser.conftest import DEVELOPMENT, Watched, log_in
from tests.processes import Shop
from tests.servers import RedisServer
from tests.shops import copy_sqlite


@dataclass
class Bench:
    """A visitor at one lab, and the processes that its experiment needs."""

    watched: Watched
    page: Page
    lab: str
    strategy: str
    settings: Mapping[str, str]
    """Of every shop."""
    shops: Mapping[str, Shop]
    """One on each strategy, over one database, as after a change of the one line."""
    later: ExitStack
    """Closed when the page has left: it may still fetch a picture."""

    @property
    def path(self) -> str:
        return f"/labs/{self.lab}"

    def press(self, *actions: str) -> None:
        for action in actions:
            predict(self.page)
            self.page.locator(f"button[name=action][value={action}]").click()

    def at(self, shop: Shop) -> None:
        """The same browser at another shop: another port of this host."""
        self.watched.hosts.add(f"127.0.0.1:{shop.port}")
        self.page.goto(shop.base_url + self.path)


def predict(page: Page) -> None:
    """Anything, if the page asks: before that it has no button to press."""
    asked = page.locator("input[name=prediction]")
    if asked.count():
        asked.first.check()


def press_what_is_offered(bench: Bench) -> None:
    """The first button, then that of the page that follows, to the end."""
    verdict = bench.page.locator(".verdict")
    while not verdict.count():
        predict(bench.page)
        with bench.page.expect_navigation():  # or the page before is looked at once more
            bench.page.locator("button[name=action]:not([value=reset])").first.click()


def restart(bench: Bench) -> None:
    with bench.page.expect_navigation(wait_until="networkidle"):  # or a picture is refused
        bench.press("mark")
    shop = bench.shops[bench.strategy]
    shop.stop()
    shop.start()
    bench.page.reload()


def two_ports(bench: Bench) -> None:
    bench.press("mark")
    second = Shop(DEVELOPMENT, bench.strategy, settings=bench.settings)
    bench.at(bench.later.enter_context(second))


def migrate(bench: Bench) -> None:
    """From every other strategy to this one, as a new visitor each time."""
    for before in STRATEGIES.keys() - {bench.strategy}:
        bench.page.context.clear_cookies()
        bench.at(bench.shops[before])
        bench.press("mark")
        bench.at(bench.shops[bench.strategy])
        expect_the_expected(bench)


def race(bench: Bench) -> None:
    bench.press("begin")
    bench.page.locator("button[data-race]").click()


def fixation(bench: Bench) -> None:
    bench.press("plant", "write", "log-in")
    log_in(bench.page)


def replay(bench: Bench) -> None:
    bench.page.get_by_role("link", name="Log in", exact=True).last.click()
    log_in(bench.page)
    bench.press("mark", "copy", "put-back")


def csrf_tabs(bench: Bench) -> None:
    with bench.page.context.expect_page() as opened:
        bench.page.get_by_role("link", name="Log in, in a new tab").click()
    log_in(opened.value)
    opened.value.wait_for_url(f"**{bench.path}")
    bench.press("send")


def devices(bench: Bench) -> None:
    laptop = bench.watched.page(bench.shops[bench.strategy].base_url)
    for page in (bench.page, laptop):
        page.goto(f"/login?next={bench.path}")
        log_in(page)
        page.wait_for_url(f"**{bench.path}")
    bench.press("other")
    predict(laptop)
    laptop.locator("button[value=end-others]").click()
    laptop.wait_for_url(f"**{bench.path}")
    bench.page.reload()


DONE_BY: dict[str, Callable[[Bench], None]] = {
    "restart": restart,
    "two-ports": two_ports,
    "race": race,
    "fixation": fixation,
    "replay": replay,
    "csrf-tabs": csrf_tabs,
    "devices": devices,
    "migrate": migrate,
}
"""The labs that take more than pressing the buttons of their page one after the other."""


@pytest.fixture(scope="module")
def settings(
    seeded_file: Path, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    database = copy_sqlite(seeded_file, tmp_path_factory.mktemp("every-lab"))
    return {"sqlalchemy.url": database, "session.redis.url": redis_server.url}


@pytest.fixture(scope="module")
def shops(settings: dict[str, str]) -> Iterator[dict[str, Shop]]:
    with ExitStack() as stack:
        yield {
            strategy: stack.enter_context(Shop(DEVELOPMENT, strategy, settings=settings))
            for strategy in STRATEGIES
        }


def expect_the_expected(bench: Bench) -> None:
    expect(bench.page.locator("#observed")).to_contain_text("This is how the strategy works.")


@pytest.fixture(scope="module")
def everybody(chromium: Browser, shops: dict[str, Shop]) -> Iterator[tuple[Watched, list[Page]]]:
    """A page at each shop. A new browser for each lab would take as long as the lab."""
    watched = Watched(chromium)
    yield watched, [watched.page(shop.base_url) for shop in shops.values()]
    watched.close()


@pytest.fixture
def begin(
    everybody: tuple[Watched, list[Page]], settings: dict[str, str], shops: dict[str, Shop]
) -> Iterator[Callable[[str, str], Bench]]:
    """`begin("race", "redis")`: a new visitor opens the page of that lab."""
    watched, pages = everybody
    with ExitStack() as later:

        def open_page(lab: str, strategy: str) -> Bench:
            page = dict(zip(shops, pages, strict=True))[strategy]
            page.context.clear_cookies()
            bench = Bench(watched, page, lab, strategy, settings, shops, later)
            page.goto(bench.path)
            expect(page.locator(".verdict")).to_have_count(0)
            return bench

        yield open_page
        for page in pages:
            page.goto("about:blank")
            for other in page.context.pages[1:]:
                other.close()
    watched.hear()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("lab", [name for name in found(labs.__path__) if name != "expire"])
def test_a_lab_observes_what_its_page_expects(
    begin: Callable[[str, str], Bench], lab: str, strategy: str
) -> None:
    bench = begin(lab, strategy)
    DONE_BY.get(lab, press_what_is_offered)(bench)
    expect_the_expected(bench)


def test_the_lab_that_waits_observes_what_its_page_expects_on_each_strategy(
    begin: Callable[[str, str], Bench],
) -> None:
    """On all of them at once: each would wait as long by itself."""
    benches = [begin("expire", strategy) for strategy in STRATEGIES]
    for bench in benches:
        bench.press("begin")
    time.sleep(expire.IDLE + 0.1)
    for bench in benches:
        bench.press("look")
        expect_the_expected(bench)
