"""The list of a user's sessions: whole, short, and read in few trips."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import pytest
import redis

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
        assert trips[30] == trips[3] <= 3


class CountingProxy:
    """Passes on what client and server say, and counts how often the client waits."""

    def __init__(self, url: str) -> None:
        self._target = redis.Redis.from_url(url).connection_pool.connection_kwargs
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.trips = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/{self._target['db']}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            with suppress(OSError):  # the other side was quicker
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((self._target["host"], self._target["port"]))
            self._sockets += [client, server]
            waiting = threading.Event()
            self._start(self._pass_on, client, server, lambda w=waiting: self._count(w))
            self._start(self._pass_on, server, client, waiting.clear)

    def _count(self, waiting: threading.Event) -> None:
        """One trip until the server has said something, however many pieces arrive."""
        if not waiting.is_set():
            waiting.set()
            with self._lock:
                self.trips += 1

    def _pass_on(
        self, source: socket.socket, sink: socket.socket, heard: Callable[[], None]
    ) -> None:
        try:
            while data := source.recv(65536):
                heard()
                sink.sendall(data)
        except OSError:
            return
