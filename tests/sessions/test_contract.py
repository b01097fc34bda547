"""The contract of a store (demoapp/sessions/interfaces.py), kept by each of them.

Over a store of your own, behind a `session.custom.factory`: `--store dotted.name.of.it`.
"""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from pyramid.request import Request, apply_request_extensions
from sqlalchemy.engine import make_url

from demoapp.sessions.ids import new_id
from demoapp.sessions.interfaces import (
    Change,
    Create,
    Delete,
    Ended,
    Record,
    Rotate,
    SessionConflict,
    SessionStoreUnavailable,
    Touch,
    Update,
)
from tests.processes import wait_until
from tests.sessions.beds import IDS, Bed, DatabaseBed, RedisBed, attempt, key_of


def fresh(bed: Bed, **values: Any) -> Record:
    now, owner = bed.clock.now, values.pop("owner", None)
    values["owner"] = IDS.owner(owner) if owner else None
    return replace(Record(key_of(new_id()), '{"a":1}', 1, now, now), **values)


def between(old: Record | None, new: Record | None, writer: str = "") -> Change:
    """The change that leads from one to the other."""
    writer = writer or new_id()
    if old is None:
        assert new
        return Create(new, writer=writer)
    now = time.time()
    ended = Ended(old.key, now, now + 60, writer=writer)
    if new is None:
        return Delete(old, ended, writer=writer)
    if new.key != old.key:
        return Rotate(old, new, ended, writer=writer)
    return (Touch if new.version == old.version else Update)(old, new, writer=writer)


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
    apply(bed, between(None, record))
    return record


def look(bed: Bed, key: str) -> Record | Ended | None:
    with attempt(bed.app) as request:
        return bed.store.load(request, key)


def load(bed: Bed, key: str) -> Record | None:
    """The session, if there is one."""
    found = look(bed, key)
    return None if isinstance(found, Ended) else found


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
        if step == "prepare":
            return apply(bed, between(old, new))
        with attempt(bed.app) as request:
            bed.store.write(request, between(old, new))
            request.tm.commit()
            request.tm.begin()
        return None

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
        prepare(bed, request, between(one, following(one, data='{"a":2}')))
        assert load(bed, one.key) == one


def test_aborted_change_leaves_no_trace(bed: Bed) -> None:
    one = stored(bed)
    before = bed.dump()
    with attempt(bed.app) as request:
        change = between(one, following(one, data='{"a":2}'))
        prepare(bed, request, change)
        request.tm.abort()
        bed.store.withdraw(request, change)
        request.tm.begin()
    assert bed.dump() == before
    with attempt(bed.app) as request:
        change = between(None, fresh(bed))
        prepare(bed, request, change)
        request.tm.abort()
        bed.store.withdraw(request, change)
        request.tm.begin()
    assert bed.dump() == before
    assert not bed.locked(one.key)
    apply(bed, between(one, following(one)))


@pytest.mark.needs("prepare")
def test_of_two_writers_one_conflicts_F8(bed: Bed) -> None:
    one = stored(bed)

    def second() -> None:
        apply(bed, between(one, following(one, data='{"a":"second"}')))

    with another() as thread, attempt(bed.app) as request:
        change = between(one, following(one, data='{"a":"first"}'))
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
    apply(bed, between(one, two))
    before = bed.keys()
    new = {"update": following(one), "rotate": fresh(bed), "delete": None}[change]
    with pytest.raises(SessionConflict), attempt(bed.app) as request:
        if step == "write":
            bed.store.write(request, between(one, new))
        else:
            prepare(bed, request, between(one, new))
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
            bed.store.write(request, between(one, new))
        else:
            prepare(bed, request, between(one, new))
    assert bed.keys() == []


@pytest.mark.parametrize("store", ["memory", "redis"])
@pytest.mark.parametrize("change", ["update", "rotate"])
def test_what_was_deleted_while_the_database_committed_stays_deleted_S13(
    one_bed: Any, store: str, change: str
) -> None:
    """Where both are one database, the deletion waits for the end of the transaction."""
    bed: Bed = one_bed(store).start()
    one = stored(bed)
    prepared = between(one, following(one) if change == "update" else fresh(bed))
    with attempt(bed.app) as request:
        prepare(bed, request, prepared)
        bed.store.delete(request, one.key)
        with pytest.raises(SessionConflict):
            bed.store.commit(request, prepared)
    assert bed.keys() == []
    if store == "memory":
        assert not bed.locked(one.key)


def test_delete_of_an_unknown_key_is_no_error(bed: Bed) -> None:
    with attempt(bed.app) as request:
        bed.store.delete(request, "0" * 64)


def test_touch_moves_last_seen_alone(bed: Bed) -> None:
    """A touch that was slower than a write must not bring the old data back."""
    one = stored(bed)
    two = following(one, data='{"a":2}')
    apply(bed, between(one, two))
    touch = between(one, replace(one, last_seen=one.last_seen + 9))
    assert isinstance(touch, Touch)
    if bed.name not in ("memory", "redis"):  # which touch as they load
        apply(bed, touch)
    bed.advance(9)
    found = load(bed, one.key)
    assert found
    assert (found.data, found.version) == ('{"a":2}', 2)
    assert found.last_seen == pytest.approx(one.last_seen + 9, abs=0.5)


def test_touch_brings_nothing_back(bed: Bed) -> None:
    one = stored(bed)
    apply(bed, between(one, None))
    with suppress(SessionConflict), attempt(bed.app) as request:
        bed.store.write(request, between(one, replace(one, last_seen=one.last_seen + 9)))
        request.tm.commit()
        request.tm.begin()
    assert bed.keys() == []


# -- the lock of a replay


def hold(bed: Bed, request: Any, key: str, writer: str) -> Record | Ended | None:
    bed.store.enlist(request)
    return bed.store.load(request, key, writer)


@pytest.mark.needs("release")
def test_locked_load_waits_for_its_turn(bed: Bed) -> None:
    one = stored(bed)
    two = following(one, data='{"a":2}')

    def second() -> Record | Ended | None:
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
        change = between(one, two, "first")
        prepare(bed, request, change)
        finish(bed, request, change)
        assert waiting.result(5) == two
    assert not bed.locked(one.key)


@pytest.mark.needs("release")
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


@pytest.mark.needs("release")
def test_locked_load_does_not_wait_for_ever(bed: Bed) -> None:
    bed.start(wait_timeout="1")
    one = stored(bed)
    with attempt(bed.app) as first, attempt(bed.app) as second:
        hold(bed, first, one.key, "first")
        began = time.monotonic()
        with pytest.raises(SessionStoreUnavailable):
            hold(bed, second, one.key, "second")
        assert time.monotonic() - began > 0.9
        assert bed.locked(one.key)


def test_times_may_be_as_long_as_a_setting_can_be(bed: Bed) -> None:
    limits = ("wait_timeout", "idle_timeout", "absolute_timeout")
    bed.start(**dict.fromkeys(limits, "9" * 10))
    one = stored(bed)
    with attempt(bed.app) as request:
        assert bed.store.load(request, one.key, "first") == one
        bed.store.ping(request)


@pytest.mark.needs("release")
def test_turns_come_in_order(bed: Bed) -> None:
    """First come, first served (F15); who asks twice waits no second time."""
    one, order = stored(bed), list[int]()

    def take(number: int) -> None:
        with attempt(bed.app) as request:
            hold(bed, request, one.key, f"writer {number}")
            order.append(number)
            hold(bed, request, one.key, f"writer {number}")
            bed.store.release(request, one.key, f"writer {number}")

    with ThreadPoolExecutor(5) as threads, attempt(bed.app) as request:
        hold(bed, request, one.key, "first")
        for number in range(5):
            threads.submit(take, number)
            assert wait_until(lambda: bed.waiting(one.key) == number + 2, 10)  # noqa: B023
        assert order == []
        bed.store.release(request, one.key, "first")
    assert order == [0, 1, 2, 3, 4]
    assert not bed.locked(one.key)


@pytest.mark.needs("release")
def test_who_holds_the_record_writes_others_conflict(bed: Bed) -> None:
    """At once: a first attempt waits for nobody. Who waits in vain is told another error."""
    if bed.name == "sqlite":  # the file has one writer: others meet the busy time-out
        return
    if bed.name == "postgresql":  # where the limit of a wait for a lock is told as a conflict, too
        patient = make_url(bed.settings["sqlalchemy.url"])
        patient = patient.update_query_dict({"options": "-c lock_timeout=0"})
        bed.settings["sqlalchemy.url"] = patient.render_as_string(hide_password=False)
        bed.start()
    one = stored(bed)
    with attempt(bed.app) as other, attempt(bed.app) as request:
        hold(bed, request, one.key, "first")
        with pytest.raises(SessionConflict):
            prepare(bed, other, between(one, following(one), "second"))
        prepare(bed, request, change := between(one, following(one), "first"))
        finish(bed, request, change)
    assert not bed.locked(one.key)


@pytest.mark.parametrize("store", ["memory", "redis"])
def test_who_waits_is_not_overtaken_by_a_first_attempt(one_bed: Any, store: str) -> None:
    bed: Bed = one_bed(store).start()
    one = stored(bed)
    with another() as thread, attempt(bed.app) as request:
        hold(bed, request, one.key, "first")
        waiting = thread.submit(load_locked, bed, one.key)
        assert wait_until(lambda: bed.waiting(one.key) == 2, 10)
        bed.store.release(request, one.key, "first")
        assert waiting.result(5) == one


def load_locked(bed: Bed, key: str) -> Record | Ended | None:
    with attempt(bed.app) as request:
        found = hold(bed, request, key, "second")
        with attempt(bed.app) as other, pytest.raises(SessionConflict):
            assert isinstance(found, Record)
            bed.store.write(other, between(found, following(found), "third"))
        bed.store.release(request, key, "second")
        return found


@pytest.mark.parametrize("store", ["redis", "sqlite", "postgresql"])
def test_abandoned_lock_runs_out(one_bed: Any, store: str) -> None:
    """The process that held it was killed. On a database the lock ends with its connection."""
    bed: Bed = one_bed(store).start()
    one = stored(bed)
    with attempt(bed.app) as request:
        hold(bed, request, one.key, "killed")
        if isinstance(bed, RedisBed):
            bed.redis.delete(*bed.redis.keys("*:alive"))  # as if its time were over
            bed.advance(20)
        else:
            request.dbsession.connection().invalidate()
            if store == "sqlite":  # which has one process
                bed.store.release(request, one.key, "killed")
            request.tm.abort()
            request.tm.begin()
    with attempt(bed.app) as request:
        assert hold(bed, request, one.key, "next")
        bed.store.release(request, one.key, "next")


def test_end_of_a_session_that_is_just_rotated_is_not_lost_S7(one_bed: Any) -> None:
    """It is told to try again, and finds the new one then."""
    bed: Bed = one_bed("postgresql").start()
    one = stored(bed)

    def end() -> None:
        with attempt(bed.app) as request:
            bed.store.delete(request, one.key)

    with another() as thread, attempt(bed.app) as request:
        prepare(bed, request, change := between(one, fresh(bed)))
        late: Future[None] = thread.submit(end)
        time.sleep(0.05)
        finish(bed, request, change)
        with pytest.raises(SessionConflict):
            late.result(5)


def test_commit_that_is_made_up_for_takes_nothing_back_F13(one_bed: Any) -> None:
    """It had taken effect, and only the answer to it was lost, long ago."""
    bed: RedisBed = one_bed("redis").start()
    one, new = stored(bed), fresh(bed)
    store: Any = bed.store
    change = between(one, new)
    apply(bed, change)
    store._unfinished[change.writer] = change  # as an outage leaves it
    bed.redis.delete(*bed.redis.keys("*:done:*"))
    assert load(bed, new.key) == new
    bed.advance(61)
    store._unfinished[change.writer] = change
    assert load(bed, new.key) is not None
    assert store._unfinished == {}


# -- what is left of an ended session


def ended(bed: Bed, new: Record | None) -> tuple[Record, Ended]:
    one = stored(bed)
    change = between(one, new)
    assert isinstance(change, Rotate | Delete)
    change = replace(change, ended=replace(change.ended, successor="A" * 43))
    apply(bed, change)
    return one, change.ended


@pytest.mark.parametrize("rotates", [True, False])
def test_end_is_remembered_for_a_while_S16(bed: Bed, rotates: bool) -> None:
    new = fresh(bed) if rotates else None
    one, mark = ended(bed, new)
    assert look(bed, one.key) == mark
    assert bed.keys() == ([new.key] if new else [])
    with pytest.raises(SessionConflict):
        apply(bed, between(one, following(one)))
    bed.advance(61)
    found = look(bed, one.key)
    assert found is None or (isinstance(found, Ended) and found.until <= bed.clock.now)


@pytest.mark.parametrize("step", ["write", "prepare"])
@pytest.mark.parametrize("change", ["update", "rotate", "delete"])
def test_what_only_another_store_has_is_moved_once(bed: Bed, step: str, change: str) -> None:
    """Version 0: neither a record nor its end may be there yet."""
    one = fresh(bed, version=0)
    new = {"update": replace(one, version=1), "rotate": fresh(bed), "delete": None}[change]

    def move() -> None:
        if step == "prepare":
            return apply(bed, between(one, new))
        with attempt(bed.app) as request:
            bed.store.write(request, between(one, new))
            request.tm.commit()
            request.tm.begin()
        return None

    move()
    assert bed.keys() == ([new.key] if new else [])
    assert isinstance(look(bed, one.key), Record if change == "update" else Ended)
    with pytest.raises(SessionConflict):
        move()


# -- a command that is sent again, because its answer was lost


@pytest.mark.parametrize("change", ["create", "update", "rotate", "delete"])
def test_repeated_command_is_recognised(one_bed: Any, change: str) -> None:
    """Only Redis sends again; a database transaction is lost as a whole."""
    bed: RedisBed = one_bed("redis").start()
    one = stored(bed)
    new = {"create": fresh(bed), "update": following(one), "rotate": fresh(bed), "delete": None}
    again = between(None if change == "create" else one, new[change])
    with attempt(bed.app) as request:
        bed.store.write(request, again)
        after = bed.keys()
        bed.store.write(request, again)
        bed.store.commit(request, again)
        assert bed.keys() == after
        if change != "create":
            with pytest.raises(SessionConflict):  # but another writer's is not
                bed.store.write(request, between(one, new[change]))


# -- a user's sessions


@pytest.mark.needs("owned_by")
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


@pytest.mark.needs("owned_by")
def test_owned_by_follows_login_rotation_and_logout(bed: Bed) -> None:
    guest = stored(bed, device="one")
    login = fresh(bed, owner="7", device="one")
    apply(bed, between(guest, login))
    other = stored(bed, device="two")
    claimed = following(other, owner=IDS.owner("7"))  # without a new id
    apply(bed, between(other, claimed))
    assert sorted(owned_by(bed, "7")) == ["one", "two"]
    apply(bed, between(claimed, following(claimed, owner=None)))
    assert owned_by(bed, "7") == ["one"]
    apply(bed, between(login, None))
    assert owned_by(bed, "7") == []


@pytest.mark.needs("owned_by")
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


@pytest.mark.needs("owned_by")
def test_owned_by_skips_what_is_not_readable_S14(bed: Bed) -> None:
    stored(bed, owner="7", device="good")
    bad = stored(bed, owner="7", device="bad")
    values = {"raw": b"not a record"} if bed.name == "redis" else {"version": 0}
    if bed.name != "memory":  # which keeps objects of ours, and nothing else
        bed.spoil(bad.key, **values)
        assert owned_by(bed, "7") == ["good"]
    assert "good" in owned_by(bed, "7")


@pytest.mark.needs("owned_by")
def test_owned_by_skips_a_text_of_any_bytes_S14_P3(
    bed: Bed, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite keeps it; the others do not take it."""
    if not isinstance(bed, DatabaseBed) or bed.name != "sqlite":
        return
    stored(bed, owner="7", device="good")
    for column in ("data", "device"):
        bad = stored(bed, owner="7", device="bad")
        statement = f"UPDATE session SET {column} = CAST(x'ff' AS TEXT) WHERE key = '{bad.key}'"
        with bed.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert owned_by(bed, "7") == ["good"]
    assert caplog.text.count("cannot be read") == 2


def test_ping(bed: Bed) -> None:
    with attempt(bed.app) as request:
        bed.store.ping(request)


# -- counting and clearing away


@pytest.mark.needs("count")
def test_all_that_is_stored_is_counted(bed: Bed) -> None:
    with attempt(bed.app) as request:
        assert list(bed.store.count(request))[-1:] == [(0, 0)]
    one = stored(bed, owner="7")  # which makes a list in Redis as well
    stored(bed)
    with attempt(bed.app) as request:
        prepare(bed, request, between(one, following(one)))  # and this a lock
        assert list(bed.store.count(request))[-1] == (2, 2)


@pytest.mark.needs("purge")
def test_purge_deletes_what_has_expired_in_batches_F10(bed: Bed) -> None:
    for device in ("old", "older"):
        stored(bed, device=device)
    bed.advance(1200 + 61)  # not at once: clocks differ
    new = stored(bed)
    with bed.app.request_context(Request.blank("/").environ) as request:
        apply_request_extensions(request)
        steps = list(bed.store.purge(request, 1))
    assert bed.keys() == [new.key]
    if bed.name in ("redis", "memory"):
        assert steps == [(0, 0)]
        return
    assert (steps[0], steps[-1]) == ((0, 2), (2, 2))
    assert all(after[0] - before[0] <= 1 for before, after in pairwise(steps))


@pytest.mark.needs("purge")
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


@pytest.mark.needs("purge")
def test_purge_keeps_what_is_not_surely_over(bed: Bed) -> None:
    record = stored(bed)
    bed.advance(1200 + 59)
    with bed.app.request_context(Request.blank("/").environ) as request:
        apply_request_extensions(request)
        list(bed.store.purge(request, 1))
    if bed.name in ("sqlite", "postgresql"):
        assert bed.keys() == [record.key]
