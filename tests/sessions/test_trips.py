"""What a request asks of its store, command by command (Redis MONITOR, SQLAlchemy's events)."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from demoapp.sessions.cookie import MOST
from tests.sessions.beds import Again, Bed, DatabaseBed, RedisBed
from tests.sessions.visitor import Visitor

EMPTY: list[str] = []
READ = {"redis": ["GETEX"], "database": ["BEGIN", "SELECT", "ROLLBACK"]}
ADD = {"redis": ["GETEX", "EVALSHA"], "database": ["BEGIN", "SELECT", "UPDATE", "COMMIT"]}


@pytest.fixture(params=("redis", "sqlite", "postgresql"))
def bed(request: pytest.FixtureRequest, one_bed: Callable[[str], Bed]) -> Bed:
    """Those that send commands to a store at all."""
    bed = one_bed(request.param).start()
    visitor = Visitor(bed.app)
    visitor.put(a=1)  # the scripts are loaded, the connection is open
    visitor.do(lambda request: request.session.invalidate())
    return bed


@contextmanager
def commands(bed: Bed) -> Iterator[list[str]]:
    """The first word of each command that is sent meanwhile."""
    sent: list[str] = []
    if isinstance(bed, RedisBed):
        with bed.redis.monitor() as monitor:

            def heard(mark: str) -> Iterator[str]:
                bed.redis.echo(mark)
                while command := monitor.next_command():
                    if mark in command["command"]:
                        return
                    if command["client_type"] != "lua":  # what a script does is no trip
                        yield command["command"].split()[0].upper()

            list(heard("the test begins"))  # and the connection that says so is open
            yield sent
            sent.extend(heard("the test ends"))
        return
    engine = bed.app.registry["dbsession_factory"].kw["bind"]
    listeners: dict[str, Callable[..., Any]] = {
        "begin": lambda connection: sent.append("BEGIN"),
        "commit": lambda connection: sent.append("COMMIT"),
        "rollback": lambda connection: sent.append("ROLLBACK"),
        "before_cursor_execute": lambda c, cursor, statement, *rest: sent.append(
            statement.split()[0].upper()
        ),
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    yield sent
    for name, listener in listeners.items():
        event.remove(engine, name, listener)


def trips(bed: Bed, visitor: Visitor, act: Callable[[Any], Any]) -> list[str]:
    with commands(bed) as sent:
        visitor.do(act)
    return sent


def kind(bed: Bed) -> str:
    return "database" if isinstance(bed, DatabaseBed) else bed.name


@pytest.fixture
def visitor(bed: Bed) -> Visitor:
    visitor = Visitor(bed.app)
    visitor.put(cart=[])
    return visitor


def read(request: Any) -> Any:
    return request.session.get("cart")


def add(request: Any) -> None:
    request.session["cart"].append(1)


def test_untouched_session_costs_nothing(bed: Bed, visitor: Visitor) -> None:
    assert trips(bed, visitor, lambda request: None) == EMPTY
    assert trips(bed, visitor, lambda request: request.session.__class__.__name__) == EMPTY
    assert visitor.sent == []


@pytest.mark.parametrize("cookie", [None, "malformed"])
def test_anonymous_read_costs_nothing_S4(bed: Bed, cookie: str | None) -> None:
    visitor = Visitor(bed.app, cookie=cookie)
    for act in (read, lambda request: request.session.peek_flash(), lambda r: r.session.handle):
        assert trips(bed, visitor, act) == EMPTY
        assert visitor.sent == []


def test_pop_flash_of_an_anonymous_visitor_costs_nothing_S4(bed: Bed) -> None:
    visitor = Visitor(bed.app)
    assert trips(bed, visitor, lambda request: request.session.pop_flash()) == EMPTY
    assert visitor.sent == []


def test_anonymous_logout_writes_nothing_S4(bed: Bed) -> None:
    visitor = Visitor(bed.app)
    sent = trips(bed, visitor, lambda request: request.session.invalidate())
    assert not {"INSERT", "UPDATE", "DELETE", "COMMIT", "SET", "DEL", "EVALSHA"} & set(sent)
    assert visitor.sent == []


def test_read_is_one_trip(bed: Bed, visitor: Visitor) -> None:
    assert trips(bed, visitor, read) == READ[kind(bed)]
    assert visitor.sent == []


def test_many_reads_are_one_trip(bed: Bed, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        for _ in range(10):
            assert "cart" in request.session
            assert request.session.peek_flash() == []
            assert request.session.pop_flash() == []
            assert request.session.owner is None

    assert trips(bed, visitor, act) == READ[kind(bed)]


def test_thousands_of_cookies_are_not_thousands_of_trips(bed: Bed) -> None:
    shown = "; session=".join(secrets.token_urlsafe(32) for _ in range(4000))
    sent = trips(bed, Visitor(bed.app, cookie=shown), read)
    assert MOST <= len(sent) < MOST + 10


def test_add_is_two_trips_or_four_statements(bed: Bed, visitor: Visitor) -> None:
    assert trips(bed, visitor, add) == ADD[kind(bed)]
    assert visitor.sent == []  # the id is the browser's already


def test_first_add_writes_once(bed: Bed) -> None:
    visitor = Visitor(bed.app)
    sent = trips(bed, visitor, lambda request: request.session.update(cart=[]))
    assert sent == {"redis": ["SET"], "database": ["BEGIN", "INSERT", "COMMIT"]}[kind(bed)]
    assert len(visitor.sent) == 1


def test_unchanged_session_is_not_written(bed: Bed, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["cart"] = []
        request.session["b"] = 1
        del request.session["b"]
        request.session.changed()

    assert trips(bed, visitor, act) == READ[kind(bed)]


def test_rotate_and_invalidate(bed: Bed, visitor: Visitor) -> None:
    def log_in(request: Any) -> None:
        request.session.rotate()
        request.session.owner = "7"

    expected = {
        # load; compare and hold, write the new one, list it; end the old one
        "redis": ["GETEX", "EVALSHA", "SET", "EVALSHA", "EVALSHA"],
        "database": ["BEGIN", "SELECT", "UPDATE", "INSERT", "COMMIT"],
    }
    assert trips(bed, visitor, log_in) == expected[kind(bed)]
    ended = {
        "redis": ["GETEX", "EVALSHA", "ZREM"],  # load, end it, take its name off the list
        "database": ["BEGIN", "SELECT", "UPDATE", "COMMIT"],
    }
    assert trips(bed, visitor, lambda request: request.session.invalidate()) == ended[kind(bed)]


def test_add_of_a_user_does_not_note_the_owner_again(bed: Bed, visitor: Visitor) -> None:
    def log_in(request: Any) -> None:
        request.session.rotate()
        request.session.owner = "7"

    visitor.do(log_in)
    assert trips(bed, visitor, add) == ADD[kind(bed)]


def test_touch_at_most_once_an_interval(bed: Bed, visitor: Visitor) -> None:
    bed.advance(59)
    assert trips(bed, visitor, read) == READ[kind(bed)]
    bed.advance(1)
    touch = {"redis": READ["redis"], "database": ["BEGIN", "SELECT", "UPDATE", "COMMIT"]}
    assert trips(bed, visitor, read) == touch[kind(bed)]
    for _ in range(3):
        assert trips(bed, visitor, read) == READ[kind(bed)]


def test_touch_sends_no_data(bed: Bed, visitor: Visitor) -> None:
    if kind(bed) == "redis":  # to read is to move the time to live as well
        assert trips(bed, visitor, read) == READ["redis"]
        return
    statements: list[str] = []
    engine = bed.app.registry["dbsession_factory"].kw["bind"]
    event.listen(engine, "before_cursor_execute", lambda c, cur, text, *_: statements.append(text))
    bed.advance(60)
    visitor.do(read)
    assert statements[1].startswith("UPDATE session SET last_seen=")
    assert "data" not in statements[1]


def test_replay_takes_the_lock_with_the_first_trip(bed: Bed, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        if request.environ["retry.attempt"] == 0:
            raise Again
        add(request)

    expected = {
        "redis": ["EVALSHA", "EVALSHA"],  # who writes lets go
        "sqlite": ["BEGIN", "UPDATE", "SELECT", "UPDATE", "COMMIT"],  # the first changes nothing
        "postgresql": ["BEGIN", "LOCK", "SELECT", "UPDATE", "COMMIT"],  # and with it the turn
    }
    assert trips(bed, visitor, act) == expected[bed.name]


def test_redis_beside_a_database_takes_one_more(
    one_bed: Callable[[str], Bed], tmp_path: Path
) -> None:
    """Compare and hold, then the database commits, then write."""
    bed = one_bed("redis")
    bed.settings["sqlalchemy.url"] = f"sqlite:///{tmp_path / 'x.sqlite'}"
    visitor = Visitor(bed.start().app)
    visitor.put(cart=[])

    def act(request: Any) -> None:
        request.dbsession.connection()
        add(request)

    visitor.do(act)
    assert trips(bed, visitor, act) == ["GETEX", "EVALSHA", "EVALSHA"]


@pytest.mark.parametrize("strategy", ["memory", "redis", "database"])
def test_an_untouched_request_is_announced_to_nobody(
    make_place: Callable[[str], Any], strategy: str
) -> None:
    """Pyramid builds four events for each request of an application with any listener."""
    place = make_place("sqlite" if strategy == "database" else strategy)
    assert not place.open().registry.has_listeners
