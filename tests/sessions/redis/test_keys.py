"""What the strategy leaves in Redis, what it sends there, and what it needs to be allowed."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import pytest
import redis

from demoapp.sessions.ini import SettingsError
from demoapp.sessions.interfaces import ISessionStore
from tests.sessions.bare import MakePlace, Place, open_bare
from tests.sessions.beds import Clock
from tests.sessions.visitor import Visitor
from tests.shops import Visitor as Shopper

REMEMBERED = 60
"""Seconds for which the store may remember that an id was rotated away."""
SOON = REMEMBERED + 1


@pytest.fixture
def place(make_place: MakePlace) -> Place:
    return make_place("redis")


def log_in(visitor: Visitor, owner: str = "7") -> None:
    def act(request: Any) -> None:
        request.session["user"] = owner
        request.session.rotate()
        request.session.owner = owner

    visitor.do(act)


def log_out(visitor: Visitor) -> None:
    visitor.do(lambda request: request.session.invalidate())


def listed(visitor: Visitor, owner: str) -> int:
    """How many sessions the store knows of that owner."""

    def act(request: Any) -> int:
        store: Any = request.registry.getUtility(ISessionStore)
        return len(store.owned_by(request, owner))

    return int(visitor.do(act))


def names_in(place: Place) -> int:
    """Keys, and the members of those that are sets, lists or hashes."""
    total = 0
    size = {b"set": "scard", b"zset": "zcard", b"hash": "hlen", b"list": "llen", b"stream": "xlen"}
    for key in place.redis.scan_iter():
        command = size.get(place.redis.type(key))
        total += getattr(place.redis, command)(key) if command else 1
    return total


# -- what stays


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


# -- the list of a user's sessions


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


# -- what the URL may say


@pytest.mark.parametrize(
    "option",
    [
        "decode_responses=true",
        "encoding=utf-16",  # hiredis sends UTF-8 all the same
        "encoding=latin-1",
        "encoding_errors=ignore",
        "protocol=2",
        "protocol=3",
        "health_check_interval=1",
        "retry_on_timeout=true",
        "client_name=tea",
    ],
)
def test_option_of_the_url_works_or_stops_the_start_H5_P4(place: Place, option: str) -> None:
    url = f"{place.settings['session.redis.url']}?{option}"
    try:
        visitor = Visitor(open_bare({**place.settings, "session.redis.url": url}))
    except SettingsError as err:
        assert "session.redis.url" in str(err)
        assert "\n" not in str(err)
        return
    visitor.put(tea="만두")
    log_in(visitor)
    visitor.put(b=2)
    assert visitor.data() == {"tea": "만두", "user": "7", "b": 2}
    assert listed(visitor, "7") == 1
    log_out(visitor)
    assert visitor.data() == {}


# -- what its user may do


@contextmanager
def limited(place: Place, *rules: str) -> Iterator[str]:
    """The URL of a user with these rules of an ACL."""
    place.redis.acl_setuser("tea", reset=True)
    place.redis.execute_command(
        "ACL", "SETUSER", "tea", "on", ">house", "~*", "&*", "+@all", *rules
    )
    try:
        yield place.settings["session.redis.url"].replace("redis://", "redis://tea:house@")
    finally:
        place.redis.acl_deluser("tea")


@pytest.mark.parametrize("rule", ["-info", "-@dangerous", "-@admin -@dangerous"])
def test_who_may_not_ask_for_info_has_no_outage_F2_P4(
    place: Place, rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    with limited(place, *rule.split()) as url:
        visitor = Visitor(open_bare({**place.settings, "session.redis.url": url}))
        log_in(visitor)
        assert visitor.data() == {"user": "7"}
        assert listed(visitor, "7") == 1
    assert "until then sessions answer 503" not in caplog.text
    assert "Start it" not in caplog.text


@pytest.mark.parametrize(
    "rule",
    [
        "-getex",
        "-@scripting",
        "-set",
        "-expire",
        "-sort",  # nobody needs it
    ],
)
def test_readyz_says_whether_sessions_work_F1_P4(
    place: Place,
    rule: str,
    start_shop: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """503, and one line at the start, where they do not; else neither."""
    with limited(place, rule) as url:
        try:
            shop = start_shop("redis", **{"session.redis.url": url})
        except SettingsError as err:
            assert "\n" not in str(err)
            return
        told = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        ready = Shopper(shop).get("/readyz").status_int
        works = all_of_it_works(Shopper(shop))
        assert (ready, len(told)) == ((200, 0) if works else (503, 1)), told


def all_of_it_works(shopper: Shopper) -> bool:
    """What a visitor does with a session, from the first page to the last."""
    page = shopper.get("/cart")
    if page.status_int != 200:
        return False
    try:
        answers = [
            shopper.send("/cart/items", sku="ujeon"),
            shopper.log_in(),
            shopper.send("/account/sessions/revoke-others"),
            shopper.send("/logout"),
        ]
    except TypeError:  # a page has no form, as it says that sessions are down
        return False
    return {answer.status_int for answer in answers} == {303}
