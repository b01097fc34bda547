"""A guest in somebody else's application changes nothing there: S18.

The application has pyramid_tm, zope.sqlalchemy and rows of its own; see host.py.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import transaction
import zope.sqlalchemy
from pyramid.config import Configurator
from pyramid.decorator import reify
from pyramid.interfaces import INewRequest
from pyramid.request import Request
from pyramid.session import SignedCookieSessionFactory
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import sessionmaker
from webtest import TestApp
from zope.interface.registry import Components

from demoapp.sessions.database import metadata
from demoapp.sessions.ini import SettingsError
from tests.processes import ManagedProcess, Shop, free_port, wait_until
from tests.sessions import host
from tests.sessions.bare import MakePlace, add_dbsession
from tests.sessions.host import LAYER, MODELS, ORDERS, configure, count_notes, maker_on, open_engine
from tests.shops import SECRET

ROOT = Path(__file__).resolve().parents[2]
MANAGER = "pyramid_tm.explicit_manager"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Of the host, where its rows are; the sessions, too, if they are in a database."""
    engine = open_engine(tmp_path / "host.sqlite")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def clean_thread() -> Iterator[None]:
    """The manager of the thread is everybody's."""
    yield
    transaction.abort()


STRATEGIES = ("memory", "redis", "database", "custom")


@pytest.fixture(params=STRATEGIES)
def chosen(request: pytest.FixtureRequest, make_place: MakePlace) -> dict[str, str]:
    """The settings of each strategy in turn."""
    if request.param == "database":  # in the host's own
        return {"session.strategy": "database"}
    return make_place(request.param).settings


def counts(app: Any, times: int = 3) -> list[int]:
    browser = TestApp(app)
    return [browser.get("/").json["count"] for _ in range(times)]


# -- its rows, its settings, its answers


@pytest.mark.parametrize("order", ORDERS)
def test_rows_of_the_host_are_committed_S18(
    engine: Engine, chosen: dict[str, str], order: str
) -> None:
    browser = TestApp(configure(maker_on(engine), ORDERS[order], chosen).make_wsgi_app())
    for number in (1, 2, 3):
        assert browser.get("/").json["count"] == number
        assert count_notes(engine) == number


def test_host_without_the_layer_commits_its_rows(engine: Engine) -> None:
    """So that the tests here fail for the layer alone."""

    def more(config: Any) -> None:
        config.set_session_factory(lambda request: {})

    app = configure(maker_on(engine), ["pyramid_tm", MODELS], {}, more).make_wsgi_app()
    assert counts(app) == [1, 1, 1]
    assert count_notes(engine) == 3


OWN: dict[str, dict[str, Any]] = {
    "none": {},
    "manager": {"tm.manager_hook": MANAGER},
    "annotate": {"tm.annotate_user": "true"},
    "more": {"tm.commit_veto": "pyramid_tm.default_commit_veto", "retry.attempts": "2"},
    "both": {"tm.manager_hook": MANAGER, "tm.annotate_user": "false"},
}
"""What the host has set, or not."""


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("own", OWN)
def test_settings_of_the_host_are_untouched_S18(engine: Engine, order: str, own: str) -> None:
    with_and_without_the_layer(engine, ORDERS[order], {"session.strategy": "memory", **OWN[own]})


def test_settings_are_untouched_on_each_strategy_S18(
    engine: Engine, chosen: dict[str, str]
) -> None:
    with_and_without_the_layer(engine, ORDERS["layer-last"], chosen)


def with_and_without_the_layer(engine: Engine, order: list[str], settings: dict[str, Any]) -> None:
    """pyramid_tm itself puts the function in the place of its dotted name."""
    maker = maker_on(engine)
    alone = [name for name in order if name != LAYER]
    before = configure(maker, [*alone, "pyramid_retry"], settings)
    after = configure(maker, order, settings)
    for config in (before, after):
        config.make_wsgi_app()
    assert dict(after.registry.settings) == dict(before.registry.settings)


def test_manager_and_annotation_of_the_host_stay_S18(
    engine: Engine, chosen: dict[str, str]
) -> None:
    own = {"tm.manager_hook": MANAGER, "tm.annotate_user": "true"}
    config = configure(maker_on(engine), ORDERS["layer-last"], {**chosen, **own})
    seen: list[Any] = []

    def look(request: Any) -> dict[str, Any]:
        seen.append(request.tm)
        return {}

    config.add_view(look, name="see", renderer="json")
    app = config.make_wsgi_app()
    TestApp(app).get("/see")
    [manager] = seen
    assert manager.explicit
    assert manager is not transaction.manager
    assert config.registry.settings["tm.annotate_user"] == "true"


def test_no_header_that_the_host_did_not_ask_for_S18(
    engine: Engine, chosen: dict[str, str]
) -> None:
    config = configure(maker_on(engine), ORDERS["layer-last"], chosen)
    config.add_view(host.count, name="count", renderer="json")
    browser = TestApp(config.make_wsgi_app())
    for _ in range(3):
        names = {name.lower() for name in browser.get("/count").headers}
        # what keeps a page with a session out of shared caches belongs to a session
        assert names - {"cache-control", "vary"} <= {"content-type", "content-length", "set-cookie"}


def test_answer_that_does_without_the_session_is_untouched_S18(
    engine: Engine, chosen: dict[str, str]
) -> None:
    config = configure(maker_on(engine), ORDERS["layer-last"], chosen)
    config.add_view(lambda request: {}, name="plain", renderer="json")
    headers = TestApp(config.make_wsgi_app()).get("/plain").headers
    assert sorted(name.lower() for name in headers) == ["content-length", "content-type"]


# -- its database


def test_database_that_commits_each_statement_does_not_start_F15(session_database: str) -> None:
    engine = create_engine(session_database, isolation_level="AUTOCOMMIT")
    own = {"session.strategy": "database"}
    config = configure(maker_on(engine), ["pyramid_tm", MODELS, LAYER], own)
    with pytest.raises(SettingsError, match=r"need the isolation READ COMMITTED.* autocommit"):
        config.make_wsgi_app()
    engine.dispose()


SIGNED = SignedCookieSessionFactory("a secret of the host's own, from before")
PLACES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "argument": lambda settings: Configurator(settings=settings, session_factory=SIGNED),
    "line": lambda settings: with_a_line(Configurator(settings=settings)),
}


def with_a_line(config: Any) -> Any:
    config.set_session_factory(SIGNED)
    return config


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("strategy", ["memory", "custom"])
def test_factory_that_the_host_had_before_stops_the_start_S18(strategy: str, place: str) -> None:
    """To Pyramid what an application says counts more than what it includes."""
    config = PLACES[place]({"session.strategy": strategy, "session.secret": SECRET})
    config.include(LAYER)
    with pytest.raises(SettingsError, match=f"session.strategy = {strategy} .* no effect") as told:
        config.make_wsgi_app()
    assert "\n" not in str(told.value)


def test_dbsession_of_the_request_class_is_one_S18(engine: Engine) -> None:
    def dbsession(request: Any) -> Any:
        session = sessionmaker(engine)()
        zope.sqlalchemy.register(session, transaction_manager=request.tm)
        return session

    kind = type("HostRequest", (Request,), {"dbsession": reify(dbsession)})
    own = {"session.strategy": "database", "tm.manager_hook": MANAGER}
    maker_on(engine)
    config = configure(None, ["pyramid_tm", LAYER], own)
    config.set_request_factory(kind)
    assert counts(config.make_wsgi_app()) == [1, 2, 3]
    assert count_notes(engine) == 3


@pytest.mark.parametrize("listens", ["the application", "a registry below it"])
def test_events_go_on_reaching_the_host_S18(engine: Engine, listens: str) -> None:
    """The database's check at the start listens, too, and stops."""
    told: list[Any] = []
    own = {"session.strategy": "database", "tm.manager_hook": MANAGER}
    config = configure(maker_on(engine), ORDERS["layer-last"], own)
    below = Components("below")
    registry = config.registry if listens == "the application" else below
    registry.registerHandler(told.append, (INewRequest,))
    config.registry.__bases__ = (below,)
    config.registry.has_listeners = True
    TestApp(config.make_wsgi_app()).get("/")
    assert len(told) == 1


# -- a tween of the host over the transaction


def reading_tween(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:
    def tween(request: Any) -> Any:
        request.session.get("count")
        response = handler(request)
        request.session.get("count")
        return response

    return tween


def writing_tween(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:
    def tween(request: Any) -> Any:
        request.session["before"] = request.session.get("before", 0) + 1
        response = handler(request)
        request.session["after"] = request.session.get("after", 0) + 1
        return response

    return tween


def see(request: Any) -> dict[str, int]:
    return dict(request.session)


@pytest.mark.parametrize("tween", ["reading_tween", "writing_tween"])
def test_tween_over_the_transaction_S18(engine: Engine, chosen: dict[str, str], tween: str) -> None:
    def more(config: Any) -> None:
        name = f"tests.sessions.test_guest.{tween}"
        config.add_tween(name, over="pyramid_tm.tm_tween_factory")
        config.add_view(see, name="see", renderer="json")

    own = {**chosen, "tm.manager_hook": MANAGER}
    config = configure(None, ["pyramid_tm", LAYER], own, more)
    add_dbsession(config, maker_on(engine))
    browser = TestApp(config.make_wsgi_app())
    assert [browser.get("/").json["count"] for _ in range(3)] == [1, 2, 3]
    assert count_notes(engine) == 3
    seen = browser.get("/see").json
    if tween == "writing_tween":
        assert (seen.pop("before"), seen.pop("after")) == (4, 3)
    assert seen == {"count": 3}


# -- what a wrong setting does


def wrong(settings: Mapping[str, str]) -> BaseException:
    with pytest.raises(BaseException) as caught:
        configure(None, [LAYER], settings)
    return caught.value


WRONG: dict[str, dict[str, str]] = {
    "strategy": {"session.strategy": "memcached"},
    "missing": {"session.strategy": ""},
    "no-secret": {"session.strategy": "memory", "session.secret": ""},
    "unknown": {"session.strategy": "memory", "session.stategy": "redis"},
    "url": {"session.strategy": "redis", "session.redis.url": "localhost"},
    "factory": {"session.strategy": "custom", "session.custom.factory": "no.such.module"},
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_setting_is_an_ordinary_error_S18(case: str) -> None:
    error = wrong(WRONG[case])
    assert isinstance(error, Exception)
    assert not isinstance(error, SystemExit)


@pytest.mark.parametrize("case", WRONG)
def test_wrong_setting_is_told_in_the_hosts_terms_S18(case: str) -> None:
    message = str(wrong(WRONG[case]))
    assert "session." in message
    assert "\n" not in message
    assert "development.ini" not in message
    assert not message.startswith("demoapp")


def test_line_that_ends_a_script_of_the_host_S18(tmp_path: Path) -> None:
    """By itself Python shows a traceback, whose last line is the error."""
    script = tmp_path / "serve.py"
    script.write_text(
        "from pyramid.config import Configurator\n"
        "config = Configurator(settings={'session.strategy': 'files'})\n"
        "config.include('demoapp.sessions')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=30,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "session.strategy = 'files' is not one of" in last
    assert "demoapp: " not in last


class Gunicorn(ManagedProcess):
    """`gunicorn --paste`, as people run an ini file that has another server in it."""

    name = "gunicorn"

    def __init__(self, ini: Path) -> None:
        self._ini = ini
        super().__init__()

    def _choose_ports(self) -> None:
        self.port = free_port()

    def _command(self) -> list[str | Path]:
        program = Path(sys.executable).parent / "gunicorn"
        where = ["-b", f"127.0.0.1:{self.port}", "--no-control-socket"]
        return [program, "--paste", self._ini, *where]

    def _directory(self) -> Path:
        return ROOT

    def _ready(self) -> bool:
        return True

    @property
    def workers(self) -> int:
        """How many were started so far."""
        return self.log.count("Booting worker")


@pytest.fixture
def wrong_ini() -> Iterator[Path]:
    shop = Shop(ROOT / "development.ini", settings={"session.strategy": "memcached"})
    yield shop.ini
    shop.close()


def test_gunicorn_ends_with_a_wrong_setting_of_the_shop_S18(wrong_ini: Path) -> None:
    gunicorn = Gunicorn(wrong_ini)
    try:
        gunicorn.start()
        assert wait_until(lambda: not gunicorn.running or gunicorn.workers > 2, 30)
        assert not gunicorn.running
        assert gunicorn.stop() != 0
        assert "session.strategy = 'memcached' is not one of" in gunicorn.log
        assert gunicorn.workers == 1
    finally:
        gunicorn.kill()
        gunicorn.close()


def test_pserve_ends_with_one_line_of_the_same_setting_S18(wrong_ini: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pyramid.scripts.pserve", wrong_ini],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "session.strategy = 'memcached' is not one of" in line


# -- the README


def section(title: str) -> str:
    """What README.md says under a heading."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def indented(text: str) -> list[str]:
    """The blocks that are settings or commands."""
    rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n)+", rest, re.MULTILINE)]


def settings_in(text: str) -> dict[str, str]:
    """Those of the README, with a secret from the README's own command."""
    lines = [line for block in indented(text) for line in block.splitlines()]
    pairs = [line.split(" = ", 1) for line in lines if re.match(r"[a-z_.]+ = ", line)]
    settings = {key: value.strip() for key, value in pairs}
    [command] = [line for line in lines if line.startswith("python3 -c")]
    words = [sys.executable, *shlex.split(command)[1:]]
    secret = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    assert settings["session.secret"] == "the-output-of-the-command-below"
    return {**settings, "session.secret": secret}


def test_readme_names_the_settings_that_are_required_S18() -> None:
    settings = settings_in(section("In your own application"))
    assert {"session.strategy", "session.secret"} <= set(settings)
    assert len(settings["session.secret"]) >= 32


def test_readme_in_an_application_with_rows_of_its_own_S18(
    engine: Engine, chosen: dict[str, str]
) -> None:
    """Its example, word for word, but its Configurator has seen the host's includes already."""
    told = section("In your own application")
    [example] = re.findall(r"^```python\n(.*?)^```", told, re.DOTALL | re.MULTILINE)
    maker = maker_on(engine)

    def application(settings: Mapping[str, Any]) -> Any:
        config = Configurator(settings={**settings, "host.maker": maker})
        config.include("pyramid_tm")
        config.include(MODELS)
        config.add_view(host.visit, name="own", renderer="json")
        return config

    names: dict[str, Any] = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102 - our own README
    names["Configurator"] = application
    app = names["main"]({}, **{**settings_in(told), **chosen})
    browser = TestApp(app)
    assert [browser.get("/").text for _ in range(3)] == ["visit 1", "visit 2", "visit 3"]
    for number in (1, 2, 3):
        assert browser.get("/own").json["count"] == number
        assert count_notes(engine) == number
    assert browser.get("/").text == "visit 4"


def test_readme_example_includes_the_layer_S18() -> None:
    """Two lines: one of code, one of settings."""
    told = section("In your own application")
    [example] = re.findall(r"^```python\n(.*?)^```", told, re.DOTALL | re.MULTILINE)
    calls = [
        ast.unparse(node) for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Call)
    ]
    assert "config.include('demoapp.sessions')" in calls
    assert not [call for call in calls if "pyramid_tm" in call]
