"""The names that a session has in Redis all end by themselves, and not too late."""

from collections.abc import Callable

import pytest

from tests.sessions.bare import Place
from tests.sessions.beds import Clock
from tests.sessions.redis.asking import REMEMBERED, SOON, log_in, log_out, names_in
from tests.sessions.visitor import Visitor


def test_expired_sessions_leave_no_names_S8(place: Place, clock: Clock) -> None:
    """At the latest when the absolute limit is over, however often their user comes."""
    app = place.open(idle_timeout="100", absolute_timeout="150", touch_interval="10")
    for _ in range(30):
        log_in(Visitor(app))
    for _ in range(2):
        place.advance(clock, 100)
        log_in(Visitor(app))
    assert names_in(place) < 10


def test_every_key_ends_by_itself_S8(place: Place, clock: Clock) -> None:
    visitor = Visitor(place.open())
    for act in (
        lambda: visitor.put(a=1),
        lambda: log_in(visitor),
        lambda: visitor.put(b=2),
        visitor.data,
        lambda: visitor.do(lambda request: request.session.rotate()),
        lambda: log_out(visitor),
        lambda: log_in(visitor),
    ):
        act()
        kept = {key: place.redis.pttl(key) for key in place.redis.scan_iter()}
        assert kept
        assert min(kept.values()) > 0, kept
    place.advance(clock, 43200 + SOON)
    assert place.redis.dbsize() == 0


POLLS: dict[str, Callable[[Visitor], object]] = {
    "read": Visitor.data,
    "write": lambda visitor: visitor.put(a=2),
    "rotate": lambda visitor: visitor.do(lambda request: request.session.rotate()),
}


@pytest.mark.parametrize("poll", POLLS)
def test_nothing_outlives_the_absolute_limit_S8(place: Place, clock: Clock, poll: str) -> None:
    visitor = Visitor(place.open(idle_timeout="100", absolute_timeout="150", touch_interval="0"))
    log_in(visitor)
    place.advance(clock, 90)
    POLLS[poll](visitor)
    place.advance(clock, 50)
    POLLS[poll](visitor)
    assert visitor.data()["user"] == "7"
    left = {key: place.redis.pttl(key) for key in session_keys(place)}
    assert left
    assert max(left.values()) <= 10_000 + 100, left


def show_again(place: Place, **settings: str) -> list[int]:
    """An id is shown once more after its session has ended: the seconds its names have left."""
    app = place.open(**settings)
    visitor = Visitor(app)
    log_in(visitor)
    old = visitor.cookie
    log_out(visitor)
    assert Visitor(app, cookie=old).data() == {}
    return [place.redis.ttl(key) for key in place.redis.scan_iter(b"session:{????*}")]


def test_what_is_left_of_a_session_is_not_prolonged_by_who_shows_its_id_S16(place: Place) -> None:
    left = show_again(place)
    assert left
    assert max(left) <= REMEMBERED


def test_an_end_is_remembered_while_sessions_are_moved_whoever_shows_its_id(place: Place) -> None:
    """Else it would rise from the old store, if that could not delete it."""
    assert max(show_again(place, migrate_from="memory")) > 43_000


def session_keys(place: Place) -> list[bytes]:
    """Those that hold the session: their text has what was put in."""
    return [
        key
        for key in place.redis.scan_iter()
        if place.redis.type(key) == b"string" and b'"user"' in place.redis.get(key)
    ]
