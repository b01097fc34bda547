"""docs/en/libraries.md and its twin: what each library does is tried, what it costs is counted."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pyramid.config import Configurator
from sqlalchemy import create_engine
from webtest import TestApp

from benchmarks.contenders import CONTENDERS, Contender, Places, make_app
from benchmarks.counted import counting, trips
from benchmarks.in_process import Visitor
from demoapp.sessions.database import metadata
from tests.servers import RedisServer

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROWS = {
    "SignedCookieSessionFactory": ("SignedCookieSessionFactory", "cookie"),
    "pyramid_beaker, memory": ("beaker memory", "memory"),
    "pyramid_beaker, ext:database": ("beaker", "sqlite"),
    "pyramid_session_redis": ("pyramid_session_redis", "redis"),
    "demoapp.sessions, memory": ("memory", "memory"),
    "demoapp.sessions, redis": ("redis", "redis"),
    "demoapp.sessions, database": ("database", "sqlite"),
}
"""How the pages call them, and how the benchmark does."""
SAID = {
    "en": {"both": True, "the last": False, "dead": True, "works": False},
    "ko": {"둘 다": True, "마지막 것만": False, "무효": True, "유효": False},
}


class Row(NamedTuple):
    """What a page says of a library."""

    read: list[int]
    change: list[int]
    both_kept: bool
    old_cookie_dead: bool


def rows(locale: str) -> dict[str, Row]:
    page, words = (DOCS / locale / "libraries.md").read_text(encoding="utf-8"), SAID[locale]
    found = re.findall(r"^\| `([^|]+)` \|(.*)\|$", page, re.MULTILINE)
    cells = {name: [cell.strip() for cell in rest.split("|")] for name, rest in found}
    last = {name: told for name, told in cells.items() if len(told) == 4}  # of two tables
    return {
        name: Row(
            [int(n) for n in re.findall(r"\d+", read)],
            [int(n) for n in re.findall(r"\d+", change)],
            words[both],
            words[dead],
        )
        for name, (read, change, both, dead) in last.items()
    }


@pytest.fixture(params=ROWS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def contender(name: str) -> Contender:
    return next(c for c in CONTENDERS if (c.name, c.kind) == ROWS[name])


@pytest.fixture
def places(redis_server: RedisServer, tmp_path: Path) -> Iterator[Places]:
    engine = create_engine(f"sqlite:///{tmp_path}/ours.sqlite")
    metadata.create_all(engine)
    yield Places(redis_server.url, "", tmp_path)
    engine.dispose()


# pyramid_session_redis 1.8.1 calls SETEX, which redis-py 8 would like to see as SET
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")


def test_round_trips_are_counted(name: str, contender: Contender, places: Places) -> None:
    """Of Redis the commands, sent in one go or not; of a database the statements and COMMITs."""
    with counting():
        made = trips(Visitor(make_app(contender, places)))
    for locale in SAID:
        row = rows(locale)[name]
        for act, told in (("read", row.read), ("add", row.change)):
            count = made[act]
            first = count.get("redis", 0) + count.get("statements", 0)
            commits = [count["commits"]] if "commits" in count else []
            assert told == [first, *commits], (locale, act)


def test_without_a_timeout_a_read_is_one_command(places: Places) -> None:
    """As the page says of pyramid_session_redis."""
    [same] = [c for c in CONTENDERS if c.name == "the same, no expiry"]
    with counting():
        assert trips(Visitor(make_app(same, places)))["read"] == {"redis": 1}


def test_two_changes_at_once(name: str, contender: Contender, places: Places) -> None:
    """The second browser tab adds its tea while the first is in the middle of adding another."""
    other_tab: list[TestApp] = []

    def add(request: Any) -> Any:
        teas = request.session.get("teas", [])
        if other_tab:
            other_tab.pop().get("/add?tea=ujeon")
        request.session["teas"] = [*teas, request.GET["tea"]]
        return "added"

    first = site(contender, places, add)
    first.get("/add?tea=yuja")
    other_tab.append(copy_of(first))
    first.get("/add?tea=sejak")
    kept = set(first.get("/look").json["teas"]) == {"yuja", "ujeon", "sejak"}
    assert {rows(locale)[name].both_kept for locale in SAID} == {kept}


def test_the_old_cookie_after_invalidate(name: str, contender: Contender, places: Places) -> None:
    def add(request: Any) -> Any:
        request.session["teas"] = ["sejak"]
        return "added"

    browser = site(contender, places, add)
    browser.get("/add")
    copied = copy_of(browser)
    browser.get("/end")
    dead = "teas" not in copied.get("/look").json
    assert {rows(locale)[name].old_cookie_dead for locale in SAID} == {dead}


def copy_of(browser: TestApp) -> TestApp:
    """Another browser with the same cookies."""
    other = TestApp(browser.app)
    for key, value in browser.cookies.items():
        other.set_cookie(key, value.strip('"'))
    return other


def site(contender: Contender, places: Places, add: Any) -> TestApp:
    views = {
        "add": add,
        "look": lambda request: dict(request.session),
        "end": lambda request: request.session.invalidate(),
    }
    with Configurator(settings={"tm.manager_hook": "pyramid_tm.explicit_manager"}) as config:
        config.include("pyramid_tm")
        config.include("pyramid_retry")
        contender.install(config, places)
        for route, view in views.items():
            config.add_route(route, f"/{route}")
            config.add_view(view, route_name=route, renderer="json")
    return TestApp(config.make_wsgi_app())


@pytest.mark.parametrize("locale", SAID)
def test_the_page_has_every_row_and_the_versions_that_were_tried(locale: str) -> None:
    assert list(rows(locale)) == list(ROWS)
    page = (DOCS / locale / "libraries.md").read_text(encoding="utf-8")
    for library in ("Pyramid", "pyramid_beaker", "Beaker", "pyramid_session_redis", "redis"):
        assert f"{library} {version(library)}" in page
