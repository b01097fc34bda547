"""Idle and absolute limits, and clocks that jump."""

from typing import Any

import pytest

from tests.sessions.beds import Bed, RedisBed, key_of
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
