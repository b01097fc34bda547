"""A real browser, the shop under pserve, and pages that notice what is wrong with them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from demoapp.shop.accounts import DEMO_PASSWORD
from tests.processes import Shop
from tests.shops import copy_sqlite

LATE = 30_000
"""Milliseconds until what is late is missing; a busy machine takes a while."""
expect.set_options(timeout=LATE)
DEVELOPMENT = Path(__file__).resolve().parents[2] / "development.ini"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's, as found by scripts/system-packages; Playwright downloads nothing.

    The first is what Playwright itself would take: a new page costs it an eighth of the work.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        raise RuntimeError("Chromium is missing; scripts/system-packages tells how to get it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            # each page is isolated from the blank one before it: else by a process of its own
            args=["--no-sandbox", "--renderer-process-limit=1"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def serve(
    request: pytest.FixtureRequest, seeded_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    """`serve("redis")` starts the shop on that strategy, once, and returns its address."""
    addresses: dict[str, str] = {}
    with ExitStack() as stack:

        def start(strategy: str) -> str:
            if strategy not in addresses:
                url = copy_sqlite(seeded_file, tmp_path_factory.mktemp(f"browser-{strategy}"))
                settings = {"sqlalchemy.url": url}
                if strategy == "redis":
                    settings["session.redis.url"] = request.getfixturevalue("redis_server").url
                shop = stack.enter_context(Shop(DEVELOPMENT, strategy, settings=settings))
                addresses[strategy] = shop.base_url
            return addresses[strategy]

        yield start


class Watched:
    """Pages of one browser, and everything that a careful visitor would complain about."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._stack = ExitStack()
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        """With their ports; requests to any other are complained about."""

    def context(self, address: str, **options: Any) -> BrowserContext:
        options.setdefault("locale", "en-US")
        # to draw what moves takes as long as to draw the page; test_map.py lets it
        options.setdefault("reduced_motion", "reduce")
        context = self._stack.enter_context(self._browser.new_context(base_url=address, **options))
        context.set_default_timeout(LATE)
        self.hosts.add(urlsplit(address).netloc)

        def request_sent(request: Any) -> None:
            url = urlsplit(request.url)
            if url.netloc not in self.hosts and url.scheme != "data":
                self.complaints.append(f"request to another host: {request.url}")

        def answered(response: Any) -> None:
            # of a page itself, an error may be meant
            if response.status >= 400 and response.request.resource_type != "document":
                self.complaints.append(f"{response.status} {response.url}")

        def said(message: Any) -> None:
            if not message.text.startswith("Failed to load resource: the server responded"):
                self.complaints.append(f"console: {message.text}")  # a CSP violation, for one

        context.on("request", request_sent)
        context.on("response", answered)
        context.on("console", said)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        return context

    def page(self, address: str, **options: Any) -> Page:
        return self.context(address, **options).new_page()

    def hear(self) -> None:
        """Say what there was to complain about, if there was."""
        told, self.complaints[:] = self.complaints[:], []
        assert told == []

    def close(self) -> None:
        self._stack.close()
        self.hear()


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    watched = Watched(chromium)
    yield watched
    watched.close()


def log_in(page: Page) -> None:
    """On a page with the login form, in either language."""
    page.locator("input[name=username]").fill("demo")
    page.locator("input[name=password]").fill(DEMO_PASSWORD)
    page.locator("main form:has(input[name=username]) button[type=submit]").click()
