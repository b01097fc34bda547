"""In the applications that pyramid-cookiecutter-starter makes, and with their own fixtures: S18.

Their functional tests hand one outer, doomed transaction to every request, by the environ. So
pyramid_tm neither begins nor commits, and everything is rolled back when the test ends. The
session is to be there from one request of such a test to the next all the same, or nobody could
test a login.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import transaction
from pyramid.config import Configurator
from pyramid.interfaces import ISessionFactory
from pyramid.scripting import prepare
from pyramid.testing import DummyRequest
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session
from webtest import TestApp

from demoapp.sessions.database import metadata
from tests.sessions import host
from tests.sessions.bare import MakePlace
from tests.shops import SECRET

STRATEGIES = ("memory", "redis", "database", "custom")


# -- the application: that of docs/en/your-application.md, and its main()

theirs: Any = import_module("docs.steps.yours.before.yours.models")
models, get_tm_session = theirs.includeme, theirs.get_tm_session


def log_in(request: Any) -> dict[str, Any]:
    """As Pyramid's documentation has it: what was there is kept under a new session."""
    kept = dict(request.session)
    request.session.invalidate()
    request.session.update(kept, user="demo")
    return {}


def log_out(request: Any) -> dict[str, Any]:
    request.session.invalidate()
    return {}


def who(request: Any) -> dict[str, Any]:
    return dict(request.session)


def pages(config: Any) -> None:
    for view in (host.count, log_in, log_out, who):
        config.add_view(view, name=view.__name__, renderer="json")
    if config.registry.settings.get("dbengine") is not None:
        config.add_view(host.visit, name="visit", renderer="json")


def main(settings: dict[str, Any], *includes: Callable[[Any], None]) -> Any:
    """The starter's own includes first, as when a guest comes later; any order works."""
    with Configurator(settings={"session.secret": SECRET, **settings}) as config:
        for include in includes:
            config.include(include)
        config.include(pages)
    return config.make_wsgi_app()


def layer(config: Any) -> None:
    config.include("demoapp.sessions")


# -- the fixtures: its tests/conftest.py


@pytest.fixture
def dbengine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.sqlite'}", connect_args={"timeout": 0.2})
    metadata.create_all(engine)
    host.Rows.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def tm() -> Iterator[Any]:
    manager = transaction.TransactionManager(explicit=True)
    manager.begin()
    manager.doom()
    yield manager
    manager.abort()


@pytest.fixture
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def session_settings(strategy: str, make_place: MakePlace) -> dict[str, str]:
    if strategy == "database":
        return {"session.strategy": "database"}
    return make_place(strategy).settings


@pytest.fixture
def app(session_settings: dict[str, str], dbengine: Engine) -> Any:
    return main({**session_settings, "dbengine": dbengine}, models, layer)


@pytest.fixture
def dbsession(app: Any, tm: Any) -> Session:
    session: Session = get_tm_session(app.registry["dbsession_factory"], tm)
    return session


@pytest.fixture
def testapp(app: Any, tm: Any, dbsession: Session) -> TestApp:
    return browser_in(app, tm, dbsession)


def browser_in(app: Any, tm: Any, dbsession: Session | None = None) -> TestApp:
    environ = {"HTTP_HOST": "example.com", "tm.active": True, "tm.manager": tm}
    if dbsession is not None:
        environ["app.dbsession"] = dbsession
    return TestApp(app, extra_environ=environ)


# -- with SQLAlchemy


@pytest.mark.parametrize("strategy", STRATEGIES, indirect=True)
def test_counter_counts_over_the_requests_of_a_test_S18(testapp: TestApp) -> None:
    assert [testapp.get("/count").json["count"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("strategy", STRATEGIES, indirect=True)
def test_login_and_logout_can_be_tested_S18(testapp: TestApp) -> None:
    assert testapp.get("/who").json == {}
    testapp.get("/count")
    testapp.get("/log_in")
    assert testapp.get("/who").json == {"count": 1, "user": "demo"}
    testapp.get("/count")
    assert testapp.get("/who").json == {"count": 2, "user": "demo"}
    testapp.get("/log_out")
    assert testapp.get("/who").json == {}


@pytest.mark.parametrize("strategy", STRATEGIES, indirect=True)
def test_session_beside_the_rows_of_the_test_S18(
    testapp: TestApp, dbsession: Session, dbengine: Engine, tm: Any
) -> None:
    """What one request has added the next one sees, and so does the test; then it is gone."""
    assert [testapp.get("/visit").json["count"] for _ in range(3)] == [1, 2, 3]
    notes = select(func.count()).select_from(host.Note)
    assert dbsession.scalar(notes) == 3
    tm.abort()
    assert host.count_notes(dbengine) == 0
    tm.begin()


@pytest.mark.parametrize("strategy", ["database"], indirect=True)
def test_sessions_are_rolled_back_with_the_rest_S18(
    testapp: TestApp, dbengine: Engine, tm: Any
) -> None:
    [table] = metadata.sorted_tables
    for _ in range(3):
        testapp.get("/count")
    tm.abort()
    with dbengine.connect() as connection:
        assert connection.execute(select(table)).all() == []
    tm.begin()
    assert testapp.get("/who").json == {}  # the next test begins with nothing


@pytest.mark.parametrize("strategy", STRATEGIES, indirect=True)
def test_transaction_of_the_test_stays_its_own_S18(testapp: TestApp, tm: Any) -> None:
    before = tm.get()
    testapp.get("/count")
    testapp.get("/log_in")
    assert tm.get() is before
    assert tm.isDoomed()


@pytest.mark.parametrize("strategy", STRATEGIES, indirect=True)
def test_without_the_fixtures_it_commits_S18(app: Any, dbengine: Engine) -> None:
    """The same application as it is served."""
    browser = TestApp(app)
    assert [browser.get("/visit").json["count"] for _ in range(3)] == [1, 2, 3]
    assert host.count_notes(dbengine) == 3
    browser.get("/log_in")
    assert browser.get("/who").json == {"count": 3, "user": "demo"}


@pytest.mark.parametrize("strategy", STRATEGIES, indirect=True)
@pytest.mark.parametrize("order", [(layer, models), (models, layer)], ids=["first", "last"])
def test_in_either_order_S18(
    session_settings: dict[str, str], dbengine: Engine, order: Any
) -> None:
    browser = TestApp(main({**session_settings, "dbengine": dbengine}, *order))
    assert [browser.get("/visit").json["count"] for _ in range(3)] == [1, 2, 3]
    assert host.count_notes(dbengine) == 3


@pytest.mark.parametrize("strategy", STRATEGIES, indirect=True)
def test_app_request_of_the_starter_S18(app: Any, tm: Any, dbsession: Session) -> None:
    """A real request for a unit test: no tween, no answer."""
    with prepare(registry=app.registry) as env:
        request = env["request"]
        request.host = "example.com"
        request.dbsession, request.tm = dbsession, tm
        for number in (1, 2, 3):
            assert host.count(request) == {"count": number}
        log_in(request)
        assert who(request) == {"count": 3, "user": "demo"}
        request.session.flash("tea")
        assert request.session.pop_flash() == ["tea"]


@pytest.mark.parametrize("strategy", STRATEGIES, indirect=True)
def test_dummy_request_of_the_starter_S18(app: Any, tm: Any, dbsession: Session) -> None:
    request = DummyRequest()
    request.host = "example.com"
    request.dbsession, request.tm = dbsession, tm
    request.session = app.registry.getUtility(ISessionFactory)(request)
    assert [host.count(request)["count"] for _ in range(3)] == [1, 2, 3]


# -- with ZODB: the same fixture of an outer transaction, and no SQLAlchemy at all


def zodb(config: Any) -> None:
    """What its root does that concerns a session; the connection to ZODB is left out."""
    config.get_settings()["tm.manager_hook"] = "pyramid_tm.explicit_manager"
    config.include("pyramid_tm")
    config.include("pyramid_retry")


@pytest.mark.parametrize(
    "strategy",
    ["memory", "redis", "custom"],
    indirect=True,
)
def test_counter_counts_beside_zodb_S18(session_settings: dict[str, str], tm: Any) -> None:
    testapp = browser_in(main(session_settings, zodb, layer), tm)
    assert [testapp.get("/count").json["count"] for _ in range(3)] == [1, 2, 3]
    testapp.get("/log_in")
    assert testapp.get("/who").json == {"count": 3, "user": "demo"}


@pytest.mark.parametrize("strategy", ["memory", "redis", "custom"], indirect=True)
def test_served_beside_zodb_S18(session_settings: dict[str, str]) -> None:
    browser = TestApp(main(session_settings, zodb, layer))
    assert [browser.get("/count").json["count"] for _ in range(3)] == [1, 2, 3]
