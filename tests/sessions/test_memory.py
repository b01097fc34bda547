"""The memory store is bounded, and keeps nothing of what is gone."""

from dataclasses import replace
from typing import Any

from demoapp.sessions.interfaces import Delete, Ended, Record, Update
from tests.sessions.beds import MemoryBed, attempt, plant
from tests.sessions.visitor import Visitor

LIMITS = {"idle_timeout": "100", "absolute_timeout": "250", "touch_interval": "10"}


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
