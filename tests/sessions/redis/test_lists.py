"""The list of a user's sessions: whole, short, and read in few trips."""

import select
import socket
import threading

import pytest
import redis

from tests.cutting import Proxy
from tests.sessions.bare import MakePlace, Place, open_bare
from tests.sessions.beds import Clock
from tests.sessions.redis.asking import SOON, listed, log_in, log_out, names_in
from tests.sessions.visitor import Visitor


def test_ended_sessions_leave_no_names_S7(place: Place, clock: Clock) -> None:
    app = place.open()
    for _ in range(300):
        visitor = Visitor(app)
        visitor.put(cart=[])
        log_in(visitor)
        log_out(visitor)
    place.advance(clock, SOON)
    last = Visitor(app)
    log_in(last)  # whoever tidies up when somebody comes has the chance
    assert names_in(place) < 10
    assert listed(last, "7") == 1


def test_rotated_sessions_leave_no_names_S7(place: Place, clock: Clock) -> None:
    """A user who stays: every new password and every "end the others" is a new id."""
    visitor = Visitor(place.open())
    for _ in range(30):
        log_in(visitor)
    place.advance(clock, SOON)
    log_in(visitor)
    assert names_in(place) < 10
    assert listed(visitor, "7") == 1


def test_owner_changed_without_rotation_is_found_S7(place: Place) -> None:
    app = place.open()
    visitor = Visitor(app)
    log_in(visitor, "7")
    visitor.do(lambda request: setattr(request.session, "owner", "8"))
    assert listed(visitor, "8") == 1
    assert listed(visitor, "7") == 0
    visitor.do(lambda request: setattr(request.session, "owner", None))
    assert listed(visitor, "8") == 0
    visitor.do(lambda request: setattr(request.session, "owner", "7"))
    assert listed(visitor, "7") == 1


def test_name_that_could_not_be_taken_off_a_list_shows_nobody_elses_session_S7(
    place: Place,
) -> None:
    visitor = Visitor(place.open())
    log_in(visitor, "7")
    left = {name: place.redis.zrange(name, 0, -1)[0] for name in place.redis.keys("sessions-of:*")}
    visitor.do(lambda request: setattr(request.session, "owner", "8"))
    for name, key in left.items():
        place.redis.zadd(name, {key: 1e10})
    assert (listed(visitor, "7"), listed(visitor, "8")) == (0, 1)


@pytest.mark.parametrize("store", ["memory", "sqlite", "postgresql"])
def test_owner_changed_without_rotation_is_found_elsewhere_S7(
    make_place: MakePlace, store: str
) -> None:
    test_owner_changed_without_rotation_is_found_S7(make_place(store))


def test_listing_takes_as_many_trips_for_many_as_for_few_S7(place: Place) -> None:
    with CountingProxy(place.settings["session.redis.url"]) as proxy:
        app = open_bare({**place.settings, "session.redis.url": proxy.url})
        trips: dict[int, int] = {}
        visitor = Visitor(app)
        log_in(visitor, "8")
        assert listed(visitor, "8") == 1  # the connections are open
        for number in range(1, 31):
            log_in(Visitor(app))
            if number in (3, 30):
                before = proxy.trips
                assert listed(visitor, "7") == number
                trips[number] = proxy.trips - before
        assert 1 <= trips[30] == trips[3] <= 3


class CountingProxy(Proxy):
    """Passes on what client and server say, and counts how often the client waits."""

    def __init__(self, url: str) -> None:
        target = redis.Redis.from_url(url).connection_pool.connection_kwargs
        super().__init__(target["port"])
        self.url = f"redis://127.0.0.1:{self.port}/{target['db']}"
        self.trips = 0
        self._lock = threading.Lock()

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        """One trip until the server has said something, however many pieces arrive."""
        other, waiting = {client: server, server: client}, False
        while True:
            for source in select.select(other, (), ())[0]:
                if not (data := source.recv(65536)):
                    return
                if source is client and not waiting:
                    with self._lock:
                        self.trips += 1
                waiting = source is client
                other[source].sendall(data)
