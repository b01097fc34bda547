"""Idle and absolute limits, clocks that jump, and the memory store's bound."""

from dataclasses import replace
from typing import Any

import pytest

from demoapp.sessions.interfaces import Delete, Ended, Record, Update
from tests.sessions.beds import Bed, MemoryBed, RedisBed, attempt, key_of, plant
from tests.sessions.visitor import Visitor

LIMITS = {"idle_timeout": "100", "absolute_timeout": "250", "touch_interval": "10"}


@pytest.fixture
def visitor(bed: Bed) -> Visitor:
    visitor = Visitor(bed.start(**LIMITS).app)
    visitor.put(a=1)
    return visitor


def test_ends_when_idle_S8(bed: Bed, visitor: Visitor) -> None:
    bed.advance(99)
    assert visitor.data() == {"a": 1}
    bed.advance(99)  # the read has extended it
    assert visitor.data() == {"a": 1}
    bed.advance(101)
    assert visitor.data() == {}


def test_ends_at_the_absolute_limit_however_busy_S8(bed: Bed, visitor: Visitor) -> None:
    for _ in range(4):
        bed.advance(60)
        assert visitor.data() == {"a": 1}
        visitor.put(b=2)
        visitor.do(lambda request: request.session.pop("b"))
    bed.advance(10)
    assert visitor.data() == {}


def test_what_follows_an_expired_session_is_a_new_one_S8(bed: Bed, visitor: Visitor) -> None:
    old = visitor.cookie
    bed.advance(101)
    visitor.put(b=2)
    assert visitor.cookie != old
    assert visitor.data() == {"b": 2}
    assert visitor.do(lambda request: request.session.created) == int(bed.clock.now)


def test_reading_extends_at_most_once_an_interval(bed: Bed, visitor: Visitor) -> None:
    """And so a session may end sooner than it should, by less than one interval."""
    if bed.name in ("memory", "redis"):  # extended with every read, which costs nothing
        bed.advance(9)
        visitor.data()
        bed.advance(99)
        assert visitor.data() == {"a": 1}
        return
    before = bed.dump()
    bed.advance(9)
    visitor.data()
    assert bed.dump() == before
    bed.advance(1)
    visitor.data()
    after = bed.dump()
    assert after != before
    visitor.data()
    assert bed.dump() == after


@pytest.mark.parametrize("name", ["created", "last_seen"])
@pytest.mark.parametrize(("ahead", "expected"), [(30 * 86400, {}), (61, {}), (59, {"a": 1})])
def test_stamp_from_the_future_is_not_believed_S9(
    bed: Bed, visitor: Visitor, name: str, ahead: float, expected: Any
) -> None:
    if name == "last_seen" and isinstance(bed, RedisBed):
        assert "last_seen" not in bed.dump()  # it keeps a time to live instead
        return
    key = key_of(visitor.cookie)
    bed.spoil(key, **{name: bed.clock.now + ahead})
    assert visitor.data() == expected


def test_clock_set_back_extends_nothing_S9(bed: Bed, visitor: Visitor) -> None:
    bed.advance(50)
    visitor.put(b=1)
    bed.clock.now -= 40  # corrected
    assert visitor.data() == {"a": 1, "b": 1}
    bed.advance(141)  # 101 seconds after it was last seen
    assert visitor.data() == {}


def test_clock_set_back_by_more_than_it_may_differ_S9(bed: Bed, visitor: Visitor) -> None:
    bed.clock.now -= 3600
    assert visitor.data() == {}


# -- memory only


def guest(number: int, now: float, owner: str | None = None) -> Record:
    return Record(f"{number:064}", '{"a":1}', 1, now, now, owner)


def test_memory_sees_a_busy_visitor_however_short_the_limit_S8(one_bed: Any) -> None:
    bed: MemoryBed = one_bed("memory").start(idle_timeout="1", touch_interval="0.95")
    visitor = Visitor(bed.app)
    visitor.put(a=1)
    for _ in range(3):
        bed.advance(0.9)
        assert visitor.data() == {"a": 1}


def test_memory_is_bounded_and_guests_go_first(one_bed: Any) -> None:
    bed: MemoryBed = one_bed("memory").start(**{"memory.max_sessions": "10"})
    plant(bed, guest(0, bed.clock.now, owner="7"))
    for number in range(1, 30):
        plant(bed, guest(number, bed.clock.now))
        assert len(bed.keys()) <= 10
    assert bed.keys() == [f"{n:064}" for n in (0, *range(21, 30))]
    for number in range(30, 41):
        plant(bed, guest(number, bed.clock.now, owner="8"))
    assert bed.keys() == [f"{n:064}" for n in range(31, 41)]  # then the longest unseen


def test_memory_drops_the_guest_that_was_not_seen_longest(one_bed: Any) -> None:
    bed: MemoryBed = one_bed("memory").start(**{"memory.max_sessions": "3"})
    for number in range(3):
        plant(bed, guest(number, bed.clock.now))
    with attempt(bed.app) as request:
        bed.store.load(request, f"{0:064}")
    plant(bed, guest(3, bed.clock.now))
    assert bed.keys() == [f"{n:064}" for n in (2, 0, 3)]


def test_memory_drops_what_has_expired(one_bed: Any) -> None:
    bed: MemoryBed = one_bed("memory").start(**LIMITS)
    plant(bed, guest(0, bed.clock.now))
    bed.advance(100)
    plant(bed, guest(1, bed.clock.now))
    assert bed.keys() == [f"{1:064}"]
    bed.advance(100)
    with attempt(bed.app) as request:
        assert bed.store.load(request, f"{1:064}") is None
    assert bed.keys() == []


def test_memory_keeps_no_lock_of_what_is_gone(one_bed: Any) -> None:
    bed: MemoryBed = one_bed("memory").start()
    record = guest(0, bed.clock.now)
    plant(bed, record)
    with attempt(bed.app) as request:
        second = replace(record, version=2)
        bed.store.load(request, record.key, "w")
        bed.store.write(request, Update(record, second, writer="w"))
        bed.store.load(request, record.key, "w")
        ended = Ended(record.key, bed.clock.now, bed.clock.now + 60)
        bed.store.write(request, Delete(second, ended, writer="w"))
    assert not bed.locked(record.key)


def test_no_object_is_shared_with_the_store(bed: Bed, visitor: Visitor) -> None:
    """What a view holds on to, or an aborted attempt leaves behind, changes nothing stored."""
    kept: list[Any] = []
    nested = {"deep": [1]}
    visitor.put(nested=nested)
    nested["deep"].append(2)
    assert visitor.data()["nested"] == {"deep": [1]}

    def keep(request: Any) -> None:
        kept.append(request.session["nested"])

    visitor.do(keep)
    kept[0]["deep"].append(3)
    assert visitor.data()["nested"] == {"deep": [1]}
