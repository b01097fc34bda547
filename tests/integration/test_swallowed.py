"""Nothing is swallowed inside the request's transaction (F12).

A safe method may give up a touch, or a message that it has shown. It never says 200 to a
rotation, an end, an owner, a value or rows of the application that were not kept.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import psycopg
import pytest
import redis
from sqlalchemy import text
from sqlalchemy.engine import make_url

from tests.integration.bare import Act, Browser, Note, bare, make_tables, notes
from tests.processes import free_port
from tests.servers import PostgresServer, RedisServer
from tests.shops import Visitor


def own(session: Any) -> None:
    session["user"] = session.owner = "7"


WANTED: dict[str, Act] = {
    "value": lambda request: request.session.update(seen=1),
    "owner": lambda request: own(request.session),
    "rotate": lambda request: request.session.rotate(),
    "invalidate": lambda request: request.session.invalidate(),
}
"""What a visitor asked for, so all of it counts."""
BESIDE: dict[str, Act] = {
    "message": lambda request: request.session.pop_flash(),
    "touch": lambda request: request.session.get("cart"),
}
"""What may be given up, if the log says so."""


def began(app: Any) -> Browser:
    """A visitor with a cart and an unread message."""
    browser = Browser(app).begin(cart=[1])
    browser.do(lambda request: request.session.flash("unread"))
    return browser


def effective(what: str, browser: Browser, before: str) -> bool:
    """Whether what was wanted is there: seen by the browser, and by who kept the old cookie."""
    now, old = browser.tab().look(), Browser(browser.app, before).look()
    match what:
        case "value":
            return now.get("seen") == 1
        case "owner":
            return bool(now["owner"] == "7")
        case "rotate":
            return browser.cookie != before and now["cart"] == [1] and "cart" not in old
        case _:
            return "cart" not in now and "cart" not in old


def told(caplog: pytest.LogCaptureFixture) -> bool:
    return any(record.name.startswith("demoapp.sessions") for record in caplog.records)


# -- Redis fails between load and save


class Fault(NamedTuple):
    strike: Callable[[RedisServer, redis.Redis], Any]
    heal: Callable[[RedisServer, redis.Redis], Any]


FAULTS = {
    "hung": Fault(lambda server, _: server.pause(), lambda server, _: server.resume()),
    "refused": Fault(lambda server, _: server.kill(), lambda server, _: server.start()),
    "read-only": Fault(
        lambda _, client: client.replicaof("127.0.0.1", str(free_port())),
        lambda _, client: client.replicaof("NO", "ONE"),
    ),
    "full": Fault(
        lambda _, client: client.config_set("maxmemory", 1),
        lambda _, client: client.config_set("maxmemory", 0),
    ),
}


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    """`always`: what a test has answered is there after a kill."""
    with RedisServer(persist=True, maxmemory_policy="noeviction") as server:
        yield server


@pytest.fixture
def on_redis(own_redis: RedisServer, tmp_path: Any) -> dict[str, str]:
    """Sessions there, the application's rows in SQLite."""
    return {
        "session.strategy": "redis",
        "session.redis.url": own_redis.url,
        "sqlalchemy.url": make_tables(f"sqlite:///{tmp_path / 'rows.sqlite'}"),
    }


@pytest.fixture
def fails_after(own_redis: RedisServer) -> Iterator[Callable[..., Any]]:
    """`fails_after(fault, browser, act)`: a GET that does `act`; Redis fails before the save."""
    with redis.Redis.from_url(own_redis.url) as client:

        def get(fault: str, browser: Browser, act: Act) -> None:
            def view(request: Any) -> None:
                act(request)
                FAULTS[fault].strike(own_redis, client)

            try:
                browser.do(view, "GET")
            finally:
                FAULTS[fault].heal(own_redis, client)

        yield get


@pytest.mark.parametrize("rows", [False, True], ids=["alone", "with rows"])
@pytest.mark.parametrize("what", WANTED)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_get_is_not_answered_with_less_than_all_when_redis_fails_F12(
    on_redis: dict[str, str], fails_after: Callable[..., Any], fault: str, what: str, rows: bool
) -> None:
    def act(request: Any) -> None:
        WANTED[what](request)
        if rows:
            request.dbsession.add(Note())

    with bare(on_redis) as app, bare(on_redis) as later:
        browser = began(app)
        before = str(browser.cookie)
        fails_after(fault, browser, act)
        assert notes(app) == (rows and browser.status == 200)
        if browser.status == 200:
            # nobody can know what a server that hangs will do when it wakes
            assert fault != "hung" and effective(what, browser.tab(later), before)
        elif fault != "hung" or rows:
            assert browser.cookie == before
            assert Browser(later, before).look()["cart"] == [1]


@pytest.mark.parametrize("rows", [False, True], ids=["alone", "with_rows"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_shown_message_may_be_given_up_when_redis_fails_F12(
    on_redis: dict[str, str],
    fails_after: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    fault: str,
    rows: bool,
) -> None:
    def act(request: Any) -> None:
        assert request.session.pop_flash() == ["unread"]
        if rows:
            request.dbsession.add(Note())

    with bare(on_redis) as app:
        browser = began(app)
        fails_after(fault, browser, act)
        assert (browser.status, notes(app)) in ((200, int(rows)), (503, 0))
        assert browser.status == 200 or rows  # with nothing else to lose, the page is shown
        assert told(caplog) or browser.status == 503


# -- another request holds the session's row


@pytest.fixture
def on_postgresql(postgres_server: PostgresServer) -> Iterator[dict[str, str]]:
    """One attempt only, so that nothing waits for the row a second time."""
    url = make_tables(postgres_server.create_database("swallowed"))
    yield {
        "session.strategy": "database",
        "session.touch_interval": "0",
        "sqlalchemy.url": url,
        "retry.attempts": "1",
    }
    postgres_server.drop_database("swallowed")


@pytest.fixture
def other(on_postgresql: dict[str, str]) -> Iterator[psycopg.Connection]:
    """Another program in the same database."""
    url = make_url(on_postgresql["sqlalchemy.url"]).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string()) as connection:
        yield connection


LIMITS = ["lock_timeout", "statement_timeout"]


def impatient(limit: str, act: Act) -> Act:
    """Do `act` and write a row; PostgreSQL gives up the session's UPDATE by that limit."""

    def view(request: Any) -> None:
        act(request)
        request.dbsession.add(Note())
        request.dbsession.flush()
        request.dbsession.execute(text(f"SET LOCAL {limit} = 100"))

    return view


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("what", WANTED)
def test_a_get_is_not_answered_with_less_than_all_when_its_row_is_held_F12(
    on_postgresql: dict[str, str], other: psycopg.Connection, limit: str, what: str
) -> None:
    with bare(on_postgresql) as app:
        browser = began(app)
        before = str(browser.cookie)
        other.execute("SELECT FROM session FOR UPDATE")
        browser.do(impatient(limit, WANTED[what]), "GET")
        other.rollback()
        assert (browser.status, notes(app)) == (503, 0)
        assert browser.cookie == before
        assert not effective(what, browser, before)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("what", BESIDE)
def test_a_touch_or_a_message_is_given_up_without_the_rows_beside_it_F12(
    on_postgresql: dict[str, str],
    other: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
    limit: str,
    what: str,
) -> None:
    with bare(on_postgresql) as app:
        browser = began(app)
        other.execute("SELECT FROM session FOR UPDATE")
        browser.do(impatient(limit, BESIDE[what]), "GET")
        other.rollback()
        assert (browser.status, notes(app)) in ((200, 1), (503, 0))
        assert told(caplog) or browser.status == 503
        assert browser.look()["cart"] == [1]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("what", [*WANTED, *BESIDE])
def test_a_session_deleted_meanwhile_stays_so_and_the_rows_are_kept_or_refused_F12(
    on_postgresql: dict[str, str], other: psycopg.Connection, what: str, method: str
) -> None:
    def view(request: Any) -> None:
        {**WANTED, **BESIDE}[what](request)
        request.dbsession.add(Note())
        other.execute("DELETE FROM session")
        other.commit()

    with bare({**on_postgresql, "retry.attempts": "3"}) as app:
        browser = began(app)
        before = str(browser.cookie)
        browser.do(view, method)
        assert (browser.status, notes(app)) in ((200, 1), (503, 0))
        assert Browser(app, before).look() == {"owner": None}
        if browser.status == 200 and what in ("value", "owner"):
            assert effective(what, browser, before)


@pytest.mark.parametrize("path", ["/", "/products/sejak"])
def test_a_page_whose_frame_could_not_read_the_session_says_so_F12(
    start_shop: Callable[..., Any], postgres_url: str, path: str
) -> None:
    """After a statement that failed, the rest of the page's own transaction is of no use."""
    visitor = Visitor(start_shop("database", **{"sqlalchemy.url": postgres_url}))
    visitor.send("/cart/items", sku="sejak")
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string()
    with psycopg.connect(plain) as connection:
        connection.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
        answer = visitor.get(path)
        connection.rollback()
    assert answer.status_int in (200, 503)
    assert "Retry-After" in answer.headers or answer.status_int == 200
