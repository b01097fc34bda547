"""The contract of a store (demoapp/sessions/interfaces.py), kept by each of them."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from pyramid.request import Request, apply_request_extensions

from demoapp.sessions import database, memory, redis
from demoapp.sessions.interfaces import (
    Change,
    Record,
    SessionConflict,
    SessionStoreUnavailable,
    key_of,
    new_id,
)
from tests.sessions.beds import Bed, RedisBed, attempt


def fresh(bed: Bed, **values: Any) -> Record:
    key = key_of(new_id())
    assert key
    now = bed.clock.now
    return replace(Record(key, '{"a":1}', 1, now, now), **values)


def following(record: Record, **values: Any) -> Record:
    return replace(record, version=record.version + 1, **values)


def prepare(bed: Bed, request: Any, change: Change) -> None:
    bed.store.enlist(request)
    bed.store.prepare(request, change)


def finish(bed: Bed, request: Any, change: Change) -> None:
    request.tm.commit()
    bed.store.commit(request, change)
    request.tm.begin()  # for what attempt() aborts


def apply(bed: Bed, change: Change) -> None:
    """In two steps, as where a database takes part."""
    with attempt(bed.app) as request:
        prepare(bed, request, change)
        finish(bed, request, change)


def stored(bed: Bed, **values: Any) -> Record:
    record = fresh(bed, **values)
    apply(bed, Change(None, record))
    return record


def load(bed: Bed, key: str) -> Record | None:
    with attempt(bed.app) as request:
        return bed.store.load(request, key)


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(redis, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.5)


@contextmanager
def another() -> Iterator[ThreadPoolExecutor]:
    """A thread: on PostgreSQL a second writer waits for the first."""
    with ThreadPoolExecutor(1) as threads:
        yield threads


def test_load_of_an_unknown_key_is_none(bed: Bed) -> None:
    assert load(bed, "0" * 64) is None


def test_what_was_written_is_loaded(bed: Bed) -> None:
    record = stored(bed, data='{"만두":"🥟\\u0000"}', owner="7", device='"D",data":')
    found = load(bed, record.key)
    assert found is not None
    # Redis reckons last_seen from the time to live
    assert replace(found, last_seen=record.last_seen) == record
    assert found.last_seen == pytest.approx(record.last_seen, abs=0.5)


@pytest.mark.parametrize("step", ["write", "prepare"])
def test_create_update_rotate_delete(bed: Bed, step: str) -> None:
    def change(old: Record | None, new: Record | None) -> None:
        with attempt(bed.app) as request:
            if step == "write":
                bed.store.write(request, Change(old, new))
        if step == "prepare":
            apply(bed, Change(old, new))

    one = fresh(bed)
    change(None, one)
    two = following(one, data='{"a":2}')
    change(one, two)
    assert bed.keys() == [one.key]
    assert load(bed, one.key) == two
    rotated = fresh(bed, data='{"a":3}')
    change(two, rotated)
    assert bed.keys() == [rotated.key]
    assert load(bed, one.key) is None
    change(rotated, None)
    assert bed.keys() == []
    assert not bed.locked(one.key)
    assert not bed.locked(rotated.key)


def test_nothing_is_visible_before_the_commit(bed: Bed) -> None:
    one = stored(bed)
    with attempt(bed.app) as request:
        prepare(bed, request, Change(one, following(one, data='{"a":2}')))
        assert load(bed, one.key) == one


def test_aborted_change_leaves_no_trace(bed: Bed) -> None:
    one = stored(bed)
    before = bed.dump()
    with attempt(bed.app) as request:
        change = Change(one, following(one, data='{"a":2}'))
        prepare(bed, request, change)
        request.tm.abort()
        bed.store.withdraw(request, change)
        request.tm.begin()
    assert bed.dump() == before
    with attempt(bed.app) as request:
        change = Change(None, fresh(bed))
        prepare(bed, request, change)
        request.tm.abort()
        bed.store.withdraw(request, change)
        request.tm.begin()
    assert bed.dump() == before
    assert not bed.locked(one.key)
    apply(bed, Change(one, following(one)))


def test_of_two_writers_one_conflicts_F8(bed: Bed) -> None:
    one = stored(bed)

    def second() -> None:
        apply(bed, Change(one, following(one, data='{"a":"second"}')))

    with another() as thread, attempt(bed.app) as request:
        change = Change(one, following(one, data='{"a":"first"}'))
        prepare(bed, request, change)
        loser: Future[None] = thread.submit(second)
        time.sleep(0.05)
        finish(bed, request, change)
        with pytest.raises(SessionConflict):
            loser.result(5)
    found = load(bed, one.key)
    assert found
    assert found.data == '{"a":"first"}'


@pytest.mark.parametrize("step", ["write", "prepare"])
@pytest.mark.parametrize("change", ["update", "rotate", "delete"])
def test_old_version_conflicts(bed: Bed, step: str, change: str) -> None:
    one = stored(bed)
    two = following(one, data='{"a":2}')
    apply(bed, Change(one, two))
    before = bed.keys()
    new = {"update": following(one), "rotate": fresh(bed), "delete": None}[change]
    with pytest.raises(SessionConflict), attempt(bed.app) as request:
        if step == "write":
            bed.store.write(request, Change(one, new))
        else:
            prepare(bed, request, Change(one, new))
    assert load(bed, one.key) == two
    assert bed.keys() == before  # no orphan of the rotation
    assert not bed.locked(one.key)


@pytest.mark.parametrize("step", ["write", "prepare"])
@pytest.mark.parametrize("change", ["update", "rotate", "delete"])
def test_what_was_deleted_stays_deleted_S13(bed: Bed, step: str, change: str) -> None:
    one = stored(bed)
    with attempt(bed.app) as request:
        bed.store.delete(request, one.key)
        request.tm.commit()
        request.tm.begin()
    assert bed.keys() == []
    new = {"update": following(one), "rotate": fresh(bed), "delete": None}[change]
    with pytest.raises(SessionConflict), attempt(bed.app) as request:
        if step == "write":
            bed.store.write(request, Change(one, new))
        else:
            prepare(bed, request, Change(one, new))
    assert bed.keys() == []


@pytest.mark.parametrize("store", ["memory", "redis"])
@pytest.mark.parametrize("change", ["update", "rotate"])
def test_what_was_deleted_while_the_database_committed_stays_deleted_S13(
    one_bed: Any, store: str, change: str
) -> None:
    """Where both are one database, the deletion waits for the end of the transaction."""
    bed: Bed = one_bed(store).start()
    one = stored(bed)
    prepared = Change(one, following(one) if change == "update" else fresh(bed))
    with attempt(bed.app) as request:
        prepare(bed, request, prepared)
        bed.store.delete(request, one.key)
        with pytest.raises(SessionStoreUnavailable):
            bed.store.commit(request, prepared)
    assert bed.keys() == []
    if store == "memory":
        assert not bed.locked(one.key)


def test_who_held_a_record_for_too_long_overwrites_nothing_F8(one_bed: Any) -> None:
    """Memory alone has the test's clock; in Redis the lock runs out by its own."""
    bed: Bed = one_bed("memory").start()
    one = stored(bed)
    with attempt(bed.app) as request:
        slow = Change(one, following(one, data='{"a":"slow"}'))
        prepare(bed, request, slow)
        bed.advance(memory.LOCK_SECONDS + 1)
        apply(bed, Change(one, following(one, data='{"a":"quick"}')))
        with pytest.raises(SessionStoreUnavailable):
            bed.store.commit(request, slow)
    found = load(bed, one.key)
    assert found
    assert found.data == '{"a":"quick"}'


def test_delete_of_an_unknown_key_is_no_error(bed: Bed) -> None:
    with attempt(bed.app) as request:
        bed.store.delete(request, "0" * 64)


def test_touch_moves_last_seen_alone(bed: Bed) -> None:
    """A touch that was slower than a write must not bring the old data back."""
    one = stored(bed)
    two = following(one, data='{"a":2}')
    apply(bed, Change(one, two))
    touch = Change(one, replace(one, last_seen=one.last_seen + 9))
    assert touch.only_touches
    if bed.name in ("sqlite", "postgresql"):  # the others touch as they load
        apply(bed, touch)
    bed.advance(9)
    found = load(bed, one.key)
    assert found
    assert (found.data, found.version) == ('{"a":2}', 2)
    assert found.last_seen == pytest.approx(one.last_seen + 9, abs=0.5)


# -- the lock of a replay


def hold(bed: Bed, request: Any, key: str, writer: str) -> Record | None:
    bed.store.enlist(request)
    return bed.store.load(request, key, writer)


def test_locked_load_waits_for_its_turn(bed: Bed) -> None:
    one = stored(bed)
    two = following(one, data='{"a":2}')

    def second() -> Record | None:
        with attempt(bed.app) as request:
            found = hold(bed, request, one.key, "second")
            bed.store.release(request, one.key, "second")
            return found

    with another() as thread, attempt(bed.app) as request:
        assert hold(bed, request, one.key, "first") == one
        assert bed.locked(one.key)
        waiting = thread.submit(second)
        time.sleep(0.05)
        assert not waiting.done()
        change = Change(one, two, "first")
        prepare(bed, request, change)
        finish(bed, request, change)
        assert waiting.result(5) == two
    assert not bed.locked(one.key)


def test_locked_load_ends_with_release(bed: Bed) -> None:
    one = stored(bed)
    with attempt(bed.app) as request:
        hold(bed, request, one.key, "first")
        bed.store.release(request, one.key, "somebody else")
        assert bed.locked(one.key)
        bed.store.release(request, one.key, "first")
        request.tm.abort()
        request.tm.begin()
        assert not bed.locked(one.key)


@pytest.mark.usefixtures("short_waits")
def test_locked_load_does_not_wait_for_ever(bed: Bed) -> None:
    one = stored(bed)
    with attempt(bed.app) as first, attempt(bed.app) as second:
        hold(bed, first, one.key, "first")
        if bed.name == "sqlite":
            second.dbsession.connection().exec_driver_sql("PRAGMA busy_timeout = 500")
        began = time.monotonic()
        with pytest.raises(SessionConflict):
            hold(bed, second, one.key, "second")
        assert 0.3 < time.monotonic() - began < 1.1  # the connection's own limit is 1.2 s


def test_who_holds_the_record_writes_others_conflict(bed: Bed) -> None:
    """On a database others wait instead; see the test of two writers."""
    if bed.name in ("sqlite", "postgresql"):
        assert isinstance(bed.store, database.DatabaseStore)
        return
    one = stored(bed)
    with attempt(bed.app) as request:
        hold(bed, request, one.key, "first")
        for step in (bed.store.prepare, bed.store.write):
            with pytest.raises(SessionConflict):
                step(request, Change(one, following(one), "second"))
        bed.store.write(request, Change(one, following(one), "first"))
        assert not bed.locked(one.key)


def test_abandoned_lock_runs_out(bed: Bed) -> None:
    """The process that held it was killed. On a database the lock ends with its connection."""
    one = stored(bed)
    with attempt(bed.app) as request:
        hold(bed, request, one.key, "killed")
        if bed.name in ("sqlite", "postgresql"):
            request.dbsession.connection().invalidate()
            request.tm.abort()
            request.tm.begin()
        bed.advance(10.5)
    with attempt(bed.app) as request:
        assert hold(bed, request, one.key, "next")
        bed.store.release(request, one.key, "next")


# -- a command that is sent again, because its answer was lost


@pytest.mark.parametrize("change", ["create", "update", "rotate", "delete"])
def test_repeated_command_is_recognised(one_bed: Any, change: str) -> None:
    """Only Redis sends again; a database transaction is lost as a whole."""
    bed: RedisBed = one_bed("redis").start()
    one = stored(bed)
    new = {"create": fresh(bed), "update": following(one), "rotate": fresh(bed), "delete": None}
    again = Change(None if change == "create" else one, new[change])
    with attempt(bed.app) as request:
        bed.store.write(request, again)
        after = bed.keys()
        bed.store.write(request, again)
        bed.store.commit(request, again)
        assert bed.keys() == after
        if change != "create":
            with pytest.raises(SessionConflict):  # but another writer's is not
                bed.store.write(request, replace(again, writer="another"))


# -- a user's sessions


def test_owned_by_lists_the_latest_first_and_nobody_elses(bed: Bed) -> None:
    assert owned_by(bed, "7") == []
    for device, owner in (("one", "7"), ("two", "7"), ("foreign", "77"), ("three", "7")):
        stored(bed, owner=owner, device=device)
        bed.advance(5)
    stored(bed, device="guest")
    assert owned_by(bed, "7") == ["three", "two", "one"]
    assert owned_by(bed, "77") == ["foreign"]
    assert owned_by(bed, "8") == []


def owned_by(bed: Bed, owner: str) -> list[str]:
    with attempt(bed.app) as request:
        return [record.device for record in bed.store.owned_by(request, owner)]


def test_owned_by_follows_login_rotation_and_logout(bed: Bed) -> None:
    guest = stored(bed, device="one")
    login = fresh(bed, owner="7", device="one")
    apply(bed, Change(guest, login))
    other = stored(bed, device="two")
    claimed = following(other, owner="7")  # without a new id
    apply(bed, Change(other, claimed))
    assert sorted(owned_by(bed, "7")) == ["one", "two"]
    apply(bed, Change(claimed, following(claimed, owner=None)))
    assert owned_by(bed, "7") == ["one"]
    apply(bed, Change(login, None))
    assert owned_by(bed, "7") == []


def test_owned_by_hides_what_has_expired_S8(bed: Bed) -> None:
    bed.start(idle_timeout="100", absolute_timeout="200")
    stored(bed, owner="7", device="old", created=bed.clock.now - 150)
    stored(bed, owner="7", device="idle")
    bed.advance(60)
    touched = stored(bed, owner="7", device="new")
    assert owned_by(bed, "7")[0] == "new"
    assert load(bed, touched.key)
    assert "old" not in owned_by(bed, "7")
    bed.advance(60)
    assert owned_by(bed, "7") == ["new"]


def test_owned_by_skips_what_is_not_readable_S14(bed: Bed) -> None:
    stored(bed, owner="7", device="good")
    bad = stored(bed, owner="7", device="bad")
    values = {"raw": b"not a record"} if bed.name == "redis" else {"version": 0}
    if bed.name != "memory":  # which keeps objects of ours, and nothing else
        bed.spoil(bad.key, **values)
        assert owned_by(bed, "7") == ["good"]
    assert "good" in owned_by(bed, "7")


def test_ping(bed: Bed) -> None:
    with attempt(bed.app) as request:
        bed.store.ping(request)


# -- counting and clearing away


def test_all_that_is_stored_is_counted(bed: Bed) -> None:
    with attempt(bed.app) as request:
        assert list(bed.store.count(request))[-1:] == [(0, 0)]
    one = stored(bed, owner="7")  # which makes a list in Redis as well
    stored(bed)
    with attempt(bed.app) as request:
        prepare(bed, request, Change(one, following(one)))  # and this a lock
        assert list(bed.store.count(request))[-1] == (2, 2)


def test_purge_deletes_what_has_expired_in_batches_F10(bed: Bed) -> None:
    for device in ("old", "older"):
        stored(bed, device=device)
    bed.advance(1200 + 61)  # not at once: clocks differ
    new = stored(bed)
    with bed.app.request_context(Request.blank("/").environ) as request:
        apply_request_extensions(request)
        steps = list(bed.store.purge(request, 1))
    assert bed.keys() == [new.key]
    expected = {"redis": [(0, 0)], "memory": [(0, 0)]}
    assert steps == expected.get(bed.name, [(0, 2), (1, 2), (2, 2), (2, 2)])


def test_purge_stops_when_it_is_not_asked_on_F10(bed: Bed) -> None:
    for _ in range(3):
        stored(bed)
    bed.advance(1200 + 61)
    with bed.app.request_context(Request.blank("/").environ) as request:
        apply_request_extensions(request)
        for deleted, _total in bed.store.purge(request, 1):
            if deleted:
                break
    if bed.name in ("sqlite", "postgresql"):
        assert len(bed.keys()) == 2


def test_purge_keeps_what_is_not_surely_over(bed: Bed) -> None:
    record = stored(bed)
    bed.advance(1200 + 59)
    with bed.app.request_context(Request.blank("/").environ) as request:
        apply_request_extensions(request)
        list(bed.store.purge(request, 1))
    if bed.name in ("sqlite", "postgresql"):
        assert bed.keys() == [record.key]
