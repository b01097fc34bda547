"""A session commits with the request's transaction or not at all, on every store.

Each application also has a database with one table, `note`, whose rows must agree.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from demoapp.sessions.interfaces import (
    SessionEnded,
    SessionNotSerializable,
    SessionTooLarge,
)
from tests.sessions.beds import Again, Bed, Refused, key_of
from tests.sessions.conftest import STORES
from tests.sessions.host import Note
from tests.sessions.saboteur import Sabotage, Saboteur, fail
from tests.sessions.visitor import Visitor


@pytest.fixture(params=STORES)
def bed(request: pytest.FixtureRequest, one_bed: Callable[[str], Bed], tmp_path: Path) -> Bed:
    bed = one_bed(request.param)
    bed.settings.setdefault("sqlalchemy.url", f"sqlite:///{tmp_path / 'notes.sqlite'}")
    sql(bed, "DROP TABLE IF EXISTS note")
    sql(bed, "CREATE TABLE note (body VARCHAR(20))")
    return bed.start()


def sql(bed: Bed, statement: str) -> list[Any]:
    engine = create_engine(bed.settings["sqlalchemy.url"])
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        rows = list(result) if result.returns_rows else []
    engine.dispose()
    return rows


def notes(bed: Bed) -> list[str]:
    return [row.body for row in sql(bed, "SELECT body FROM note")]


def note(request: Any, body: str) -> None:
    from zope.sqlalchemy import mark_changed

    request.dbsession.execute(text("INSERT INTO note VALUES (:body)"), {"body": body})
    mark_changed(request.dbsession, request.tm)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "update": lambda session: session["cart"].append(1),
    "clear": lambda session: session.clear(),
    "rotate": lambda session: session.rotate(),
    "invalidate": lambda session: session.invalidate(),
    "owner": lambda session: setattr(session, "owner", "8"),
}


@pytest.fixture
def visitor(bed: Bed) -> Visitor:
    visitor = Visitor(bed.app)
    visitor.put(cart=[])
    return visitor


def unharmed(bed: Bed, visitor: Visitor) -> None:
    """The session and the database are as they were, and can be changed at once."""
    key = key_of(visitor.cookie)
    assert visitor.sent == []
    assert bed.keys() == [key]
    assert not bed.locked(key)
    assert visitor.data() == {"cart": []}
    assert notes(bed) == []
    visitor.put(b=1)
    assert visitor.data() == {"cart": [], "b": 1}


def test_both_are_committed(bed: Bed, visitor: Visitor) -> None:
    def buy(request: Any) -> None:
        request.session["cart"].append(1)
        note(request, "bought")

    visitor.do(buy)
    assert visitor.data() == {"cart": [1]}
    assert notes(bed) == ["bought"]


@pytest.mark.parametrize("change", CHANGES)
def test_view_that_raises_changes_nothing(bed: Bed, visitor: Visitor, change: str) -> None:
    def act(request: Any) -> None:
        CHANGES[change](request.session)
        note(request, "lost")
        raise Refused

    visitor.do(act, late=lambda request: request.session.get("cart"))
    assert visitor.status == 418
    unharmed(bed, visitor)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("step", ["tpc_begin", "commit", "tpc_vote"])
def test_failure_of_another_participant_leaves_no_trace(
    bed: Bed, visitor: Visitor, change: str, step: str
) -> None:
    def act(request: Any) -> None:
        CHANGES[change](request.session)
        note(request, "lost")
        Saboteur(request, step, fail)

    visitor.sent = []
    with pytest.raises(Sabotage):
        visitor.do(act)
    unharmed(bed, visitor)


@pytest.mark.parametrize("step", ["tpc_begin", "commit", "tpc_vote"])
def test_failure_while_a_session_is_begun_leaves_no_record(bed: Bed, step: str) -> None:
    visitor = Visitor(bed.app)

    def act(request: Any) -> None:
        request.session["a"] = 1
        note(request, "lost")
        Saboteur(request, step, fail)

    with pytest.raises(Sabotage):
        visitor.do(act)
    assert bed.keys() == []
    assert notes(bed) == []


TOO_LARGE: tuple[Any, ...] = ("x" * 300, "만" * 100, [[]] * 200, "\ud800" * 60)


@pytest.mark.parametrize("value", TOO_LARGE)
def test_too_large_is_found_before_anything_commits(bed: Bed, value: Any) -> None:
    visitor = Visitor(bed.start(max_bytes="256").app)
    visitor.put(cart=[])

    def act(request: Any) -> None:
        request.session["large"] = value
        note(request, "lost")

    visitor.sent = []
    with pytest.raises(SessionTooLarge) as caught:
        visitor.do(act)
    assert caught.value.limit == 256
    assert caught.value.size > 256
    unharmed(bed, visitor)


def test_limit_is_exact(bed: Bed) -> None:
    visitor = Visitor(bed.start(max_bytes="256").app)
    visitor.put(a="x" * (256 - len('{"a":""}')))
    with pytest.raises(SessionTooLarge, match="257 bytes, the limit is 256"):
        visitor.put(a="x" * (257 - len('{"a":""}')))


def circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def bottomless() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "make",
    [object, set, lambda: b"", lambda: float("nan"), lambda: float("inf"), circular, bottomless],
    ids=["object", "set", "bytes", "nan", "inf", "circular", "bottomless"],
)
def test_what_json_cannot_hold_is_found_before_anything_commits(
    bed: Bed, visitor: Visitor, make: Callable[[], Any]
) -> None:
    def act(request: Any) -> None:
        request.session["cart"].append(make())
        note(request, "lost")

    visitor.sent = []
    with pytest.raises(SessionNotSerializable):
        visitor.do(act)
    unharmed(bed, visitor)


# -- several transactions in one request


def test_commit_and_begin_inside_a_view(bed: Bed, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["cart"].append(1)
        note(request, "one")
        request.tm.commit()
        request.tm.begin()
        request.session["cart"].append(2)  # nested: nothing tells but the read
        note(request, "two")

    visitor.do(act)
    assert visitor.data() == {"cart": [1, 2]}
    assert notes(bed) == ["one", "two"]


def test_abort_and_begin_inside_a_view(bed: Bed, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["cart"].append(1)
        note(request, "one")
        request.tm.abort()
        request.tm.begin()
        assert request.session["cart"] == []
        request.session["cart"].append(2)
        note(request, "two")

    visitor.do(act)
    assert visitor.data() == {"cart": [2]}
    assert notes(bed) == ["two"]


@pytest.mark.parametrize("change", CHANGES)
def test_savepoint_brings_the_session_back(bed: Bed, visitor: Visitor, change: str) -> None:
    def act(request: Any) -> None:
        request.session["a"] = 1
        before = request.tm.savepoint()
        CHANGES[change](request.session)
        before.rollback()
        request.session["c"] = 3

    id_before, owners = visitor.cookie, list[Any]()
    if bed.name == "sqlite":  # zope.sqlalchemy knows no savepoints on SQLite
        with pytest.raises(TypeError, match="unsupported"):
            visitor.do(act)
        return
    visitor.do(act)
    assert visitor.data() == {"cart": [], "a": 1, "c": 3}
    assert visitor.cookie == id_before
    visitor.do(lambda request: owners.append(request.session.owner))
    assert owners == [None]
    [key] = bed.keys()
    assert not bed.locked(key)


def test_savepoint_from_before_the_session_was_touched(bed: Bed, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        before = request.tm.savepoint()
        request.session["cart"].append(1)
        before.rollback()
        assert request.session["cart"] == []
        if again:
            request.session["b"] = 2

    again = False
    visitor.do(act)
    assert visitor.data() == {"cart": []}
    again = True
    visitor.do(act)
    assert visitor.data() == {"cart": [], "b": 2}


def test_second_transaction_fails_with_the_view(bed: Bed, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["cart"].append(1)
        request.tm.commit()
        request.tm.begin()
        request.session["cart"].append(2)
        note(request, "lost")
        raise Refused

    visitor.do(act)
    assert visitor.data() == {"cart": [1]}
    assert notes(bed) == []


def test_session_begun_and_changed_again_in_one_request(bed: Bed) -> None:
    visitor = Visitor(bed.app)

    def act(request: Any) -> None:
        request.session["a"] = []
        request.tm.commit()
        request.tm.begin()
        request.session["a"].append(1)
        note(request, "lost")
        Saboteur(request, "tpc_vote", fail)
        with pytest.raises(Sabotage):
            request.tm.commit()
        request.tm.abort()
        request.tm.begin()
        request.session["a"].append(2)

    visitor.do(act)
    key = key_of(visitor.cookie)
    assert bed.keys() == [key]
    assert not bed.locked(key)
    assert visitor.data() == {"a": [2]}
    assert notes(bed) == []


def test_session_begun_and_ended_in_one_request(bed: Bed) -> None:
    visitor = Visitor(bed.app)

    def act(request: Any) -> None:
        request.session["a"] = 1
        request.tm.commit()
        request.tm.begin()
        request.session.invalidate()

    visitor.do(act)
    assert visitor.cookie is None
    assert bed.keys() == []


# -- outside a transaction


def test_exception_view_may_flash(bed: Bed, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["cart"].append("lost")
        raise Refused

    visitor.do(act, late=lambda request: request.session.flash("sorry"))
    assert visitor.status == 418
    assert visitor.data() == {"cart": [], "_f_": ["sorry"]}


def failing_query(request: Any) -> None:
    request.dbsession.execute(text("SELECT nothing"))


def failing_flush(request: Any) -> None:
    request.dbsession.add(Note(text="its table has no such column"))
    request.dbsession.flush()


def lost_connection(request: Any) -> None:
    request.dbsession.connection().invalidate()


@pytest.mark.parametrize("fails", [failing_query, failing_flush, lost_connection])
def test_exception_view_may_ask_first_when_the_database_has_failed(
    bed: Bed, visitor: Visitor, fails: Callable[[Any], None]
) -> None:
    """Its transaction is of no use any more, on the connection where the session would be read."""

    def act(request: Any) -> None:
        note(request, "lost")
        with suppress(DBAPIError):
            fails(request)
        raise Refused

    visitor.do(act, late=lambda request: request.session.flash("sorry"))
    assert visitor.status == 418
    assert visitor.data() == {"cart": [], "_f_": ["sorry"]}
    assert notes(bed) == []


def test_exception_view_may_begin_and_end_a_session(bed: Bed) -> None:
    visitor = Visitor(bed.app)

    def act(request: Any) -> None:
        raise Refused

    visitor.do(act, late=lambda request: request.session.flash("sorry"))
    assert visitor.cookie
    assert visitor.data() == {"_f_": ["sorry"]}
    visitor.do(act, late=lambda request: request.session.rotate())
    assert visitor.data() == {"_f_": ["sorry"]}
    assert len(bed.keys()) == 1
    visitor.do(act, late=lambda request: request.session.invalidate())
    assert visitor.cookie is None
    assert bed.keys() == []


def test_exception_view_of_a_replayed_attempt_saves_nothing(bed: Bed, visitor: Visitor) -> None:
    attempts = []

    def act(request: Any) -> None:
        attempts.append(request.environ["retry.attempt"])
        raise Again

    def late(request: Any) -> None:
        request.session.flash(f"sorry {request.environ['retry.attempt']}")

    visitor.do(act, late)
    assert attempts == [0, 1, 2]
    assert visitor.data() == {"cart": [], "_f_": ["sorry 2"]}


def test_what_cannot_be_saved_late_does_not_break_the_answer(
    bed: Bed, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    def act(request: Any) -> None:
        request.session["read"] = "before"
        raise Refused

    visitor.do(act, late=lambda request: request.session.flash(object()))
    assert visitor.status == 418
    assert "was not saved" in caplog.text
    unharmed(bed, visitor)


def test_late_change_loses_against_an_earlier_one(bed: Bed, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        raise Refused

    def late(request: Any) -> None:
        request.session.flash("lost")
        Visitor(bed.app, cookie=visitor.cookie).put(b=1)

    visitor.do(act, late)
    assert visitor.status == 418
    assert visitor.data() == {"cart": [], "b": 1}


@pytest.mark.parametrize("late", ["rotate", "invalidate", "log_in"])
def test_late_rotation_loses_against_an_earlier_one(
    bed: Bed, visitor: Visitor, caplog: pytest.LogCaptureFixture, late: str
) -> None:
    """Once: what cannot be saved must not be tried again and again."""
    acts: dict[str, Callable[[Any], Any]] = {
        "rotate": lambda session: session.rotate(),
        "invalidate": lambda session: (session.invalidate(), session.flash("sorry")),
        "log_in": lambda session: session.log_in("7"),
    }

    def act(request: Any) -> None:
        raise Refused

    def rotate(request: Any) -> None:
        acts[late](request.session)
        Visitor(bed.app, cookie=visitor.cookie).put(b=1)

    visitor.sent = []
    visitor.do(act, rotate)
    assert visitor.status == 418
    assert caplog.text.count("was not saved") == 1
    assert visitor.sent == []
    assert visitor.data() == {"cart": [], "b": 1}


def test_savepoint_brings_a_session_that_was_taken_over_back(bed: Bed, visitor: Visitor) -> None:
    if bed.name == "sqlite":  # zope.sqlalchemy knows no savepoints on SQLite
        return
    old, other = visitor.cookie, Visitor(bed.app, cookie=visitor.cookie)
    other.do(lambda request: request.session.log_in("7"))

    def act(request: Any) -> None:
        request.session.get("cart")
        if request.environ["retry.attempt"] == 0:
            raise Again
        before = request.tm.savepoint()
        request.session.log_in("7")
        before.rollback()

    visitor.do(act)
    assert (visitor.cookie, visitor.sent) == (old, [])
    assert other.data() == {"cart": []}
    assert other.do(lambda request: request.session.owner) == "7"


def test_application_without_transactions(bed: Bed) -> None:
    bed.settings["tm.activate_hook"] = "tests.sessions.beds.never"
    visitor = Visitor(bed.start().app)
    visitor.put(a=[])
    visitor.do(lambda request: request.session["a"].append(1))
    old = visitor.cookie
    visitor.do(lambda request: request.session.rotate())
    assert visitor.cookie != old
    assert visitor.data() == {"a": [1]}
    visitor.do(lambda request: request.session.invalidate())
    assert bed.keys() == []


# -- concurrency


@pytest.mark.parametrize("with_database", [False, True])
def test_nothing_is_lost_and_nobody_refused_F8(
    bed: Bed, visitor: Visitor, with_database: bool
) -> None:
    def add(number: int) -> int:
        def act(request: Any) -> None:
            request.session["cart"].append(number)
            if with_database:
                note(request, str(number))

        browser = Visitor(bed.app, cookie=visitor.cookie)
        browser.do(act)
        return browser.status

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(add, range(40))) == {200}
    assert sorted(visitor.data()["cart"]) == list(range(40))
    assert sorted(map(int, notes(bed))) == (list(range(40)) if with_database else [])


MEANWHILE: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "another update": (lambda session: session["cart"].append(1), {"cart": [1, 2]}),
    "another key": (lambda session: session.update(b=1), {"cart": [2], "b": 1}),
}
ENDS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "logout_S13": (lambda session: session.invalidate(), {}),
    "rotation_S16": (lambda session: session.rotate(), {"cart": []}),
    "login_S16": (lambda session: session.log_in("7"), {"cart": []}),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_other_request_in_the_middle_of_this_one(
    bed: Bed, visitor: Visitor, meanwhile: str
) -> None:
    """It conflicts and is replayed on what it finds then: never on what was ended."""
    other = Visitor(bed.app, cookie=visitor.cookie)
    change, expected = MEANWHILE[meanwhile]
    attempts: list[int] = []

    def act(request: Any) -> None:
        request.session.setdefault("cart", [])
        if not attempts:
            other.do(lambda inner: change(inner.session))
        attempts.append(request.environ["retry.attempt"])
        request.session["cart"].append(2)
        note(request, "once")

    visitor.do(act)
    assert attempts == [0, 1]
    assert visitor.data() == expected
    assert notes(bed) == ["once"]


@pytest.mark.parametrize("meanwhile", ENDS)
def test_session_ended_in_the_middle_of_this_request(
    bed: Bed, visitor: Visitor, meanwhile: str
) -> None:
    """What it wants to write is refused, and the browser's newer cookie stands."""
    other, old = Visitor(bed.app, cookie=visitor.cookie), visitor.cookie
    change, expected = ENDS[meanwhile]
    attempts: list[int] = []

    def act(request: Any) -> None:
        seen = dict(request.session)
        if not attempts:
            other.do(lambda inner: change(inner.session))
        attempts.append(len(seen))
        note(request, "lost")
        request.session["cart"] = [2]

    visitor.sent = []
    with pytest.raises(SessionEnded):
        visitor.do(act)
    assert attempts == [1, 0]  # and to the replay the old id says nothing
    assert (visitor.sent, visitor.cookie) == ([], old)
    assert visitor.data() == {}
    assert other.data() == expected
    assert notes(bed) == []
    assert len(bed.keys()) == len(expected)
    assert not bed.locked(key_of(old))


def test_read_during_a_write_is_no_conflict(bed: Bed, visitor: Visitor) -> None:
    """Not even when the read is due to extend the session."""
    other = Visitor(bed.app, cookie=visitor.cookie)
    attempts = []
    bed.advance(100)

    def act(request: Any) -> Any:
        attempts.append(1)
        cart = list(request.session["cart"])
        other.do(lambda inner: inner.session["cart"].append(1))
        return cart

    assert visitor.do(act) == []
    assert attempts == [1]
    assert visitor.data() == {"cart": [1]}


def test_replay_unlocks_what_it_did_not_find(bed: Bed, visitor: Visitor) -> None:
    key = key_of(visitor.cookie)

    def act(request: Any) -> None:
        found = request.session.get("cart")
        assert found == ([] if request.environ["retry.attempt"] == 0 else None)
        if request.environ["retry.attempt"] == 0:
            Visitor(bed.app, cookie=visitor.cookie).do(lambda inner: inner.session.invalidate())
            raise Again

    visitor.do(act)
    assert visitor.status == 200
    assert not bed.locked(key)


@pytest.mark.parametrize("change", ["nothing", *CHANGES])
def test_replay_unlocks_when_it_is_done(bed: Bed, visitor: Visitor, change: str) -> None:
    key = key_of(visitor.cookie)

    def act(request: Any) -> None:
        assert request.session["cart"] == []
        if request.environ["retry.attempt"] == 0:
            raise Again
        CHANGES.get(change, len)(request.session)

    visitor.do(act)
    assert visitor.status == 200
    assert not bed.locked(key)
