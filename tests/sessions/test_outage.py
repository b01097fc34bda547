"""A store that cannot be reached, or goes away in the middle; real servers, really gone."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from demoapp.sessions.ids import new_id
from demoapp.sessions.interfaces import SessionStoreUnavailable
from demoapp.sessions.redis import breaker
from demoapp.sessions.redis.breaker import PATIENCE, PAUSE_SECONDS
from tests.cutting import RedisProxy
from tests.processes import free_port
from tests.servers import RedisServer
from tests.sessions.beds import Bed, Clock, RedisBed, Refused, attempt
from tests.sessions.saboteur import Sabotage, Saboteur, fail
from tests.sessions.test_contract import between, following, fresh
from tests.sessions.visitor import Visitor


@pytest.fixture(params=["redis", "database"])
def gone(request: pytest.FixtureRequest, one_bed: Callable[[str], Bed], tmp_path: Path) -> Bed:
    """An application whose store was never there."""
    bed = one_bed("memory")
    bed.settings = {
        "session.strategy": request.param,
        "session.redis.url": f"redis://127.0.0.1:{free_port()}/0",
        "sqlalchemy.url": f"sqlite:///{tmp_path / 'missing' / 'x.sqlite'}",
    }
    return bed.start()


def test_every_method_says_so_F1(gone: Bed) -> None:
    record = fresh(gone, owner="7")
    change = between(record, following(record))
    store = gone.store
    for method in (
        lambda request: store.load(request, record.key),
        lambda request: store.load(request, record.key, "writer"),
        lambda request: store.write(request, between(None, record)),
        lambda request: store.write(request, change),
        lambda request: store.prepare(request, change),
        lambda request: store.delete(request, record.key),
        lambda request: store.owned_by(request, "7"),
        store.ping,
    ):
        with pytest.raises(SessionStoreUnavailable), attempt(gone.app) as request:
            method(request)


def test_commit_and_release_of_redis_say_so_too_F1(one_bed: Callable[[str], Bed]) -> None:
    bed = one_bed("memory")
    bed.settings = {
        "session.strategy": "redis",
        "session.redis.url": f"redis://127.0.0.1:{free_port()}/0",
    }
    bed.start()
    record = fresh(bed)
    with attempt(bed.app) as request:
        with pytest.raises(SessionStoreUnavailable):
            bed.store.commit(request, between(record, None))
        with pytest.raises(SessionStoreUnavailable):
            bed.store.release(request, record.key, "writer")


def test_outage_is_no_new_session_F1(gone: Bed) -> None:
    """The cookie stays with the browser; and one request waits for one time-out, not for many."""
    cookie = new_id()
    visitor = Visitor(gone.app, cookie=cookie)
    caught: list[Exception] = []

    def act(request: Any) -> None:
        for _ in range(3):
            with pytest.raises(SessionStoreUnavailable) as info:
                request.session.get("a")
            caught.append(info.value)
        raise Refused

    visitor.do(act)
    assert visitor.status == 418
    assert len({id(one) for one in caught}) == 1
    assert visitor.sent == []
    assert visitor.cookie == cookie


def test_untouched_request_needs_no_store_F1(gone: Bed) -> None:
    visitor = Visitor(gone.app, cookie=new_id())
    visitor.do(lambda request: None)
    assert visitor.status == 200


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """To stop and pause."""
    with RedisServer(persist=True) as server:
        yield server


@pytest.fixture
def bed(own_redis: RedisServer, clock: Clock, tmp_path: Path) -> Iterator[RedisBed]:
    bed = RedisBed(clock, own_redis.url)
    bed.settings["sqlalchemy.url"] = f"sqlite:///{tmp_path / 'x.sqlite'}"
    bed.settings["session.redis.timeout"] = "20"  # it may refuse, but does not hang
    bed.start()
    yield bed
    bed.close()


@pytest.fixture
def visitor(bed: RedisBed) -> Visitor:
    visitor = Visitor(bed.app)
    visitor.put(cart=[])
    return visitor


class Stopwatch:
    """The time of the circuit breaker; it passes when a test says so."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


STOPWATCH = Stopwatch()


@pytest.fixture(autouse=True)
def _stopwatch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "time", STOPWATCH)


def back(server: RedisServer) -> None:
    """The server answers again, and the circuit breaker lets requests through to it."""
    server.start()
    STOPWATCH.now += PAUSE_SECONDS


# How long a request waits is told by what it waits for, whatever else the machine has to do: an
# answer that does not come costs a time-out, a connection that is refused nothing, and redis-py
# sleeps between two attempts.


@pytest.fixture
def proxy(own_redis: RedisServer) -> Iterator[RedisProxy]:
    with RedisProxy(own_redis.port) as proxy:
        yield proxy


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr("redis.retry.sleep", seconds.append)
    return seconds


def gives_up(visitor: Visitor) -> None:
    with pytest.raises(SessionStoreUnavailable):
        visitor.data()


def test_a_hung_redis_is_given_up_within_600_ms_F1(
    proxy: RedisProxy, one_bed: Callable[[str], Bed], slept: list[float]
) -> None:
    bed = one_bed("redis").start()
    patient = Visitor(bed.app)
    patient.put(cart=[])
    bed.settings["session.redis.url"] = proxy.url
    visitor = Visitor(bed.start().app, cookie=patient.cookie)
    pool = bed.store._redis.connection_pool  # type: ignore[attr-defined]
    for _ in range(PATIENCE):
        before = proxy.asked
        proxy.lose(1, then="hang")
        gives_up(visitor)
        proxy.heal()
        asked = proxy.asked - before
        assert asked >= 1
        assert asked * pool.connection_kwargs["socket_timeout"] + sum(slept) <= 0.6
        slept.clear()
    before = proxy.asked
    gives_up(visitor)
    assert proxy.asked == before  # and now it is not even asked
    STOPWATCH.now += PAUSE_SECONDS
    proxy.lose(1)
    with suppress(SessionStoreUnavailable):
        visitor.data()
    assert proxy.asked > before
    assert PAUSE_SECONDS < 2  # so it is back within that


def test_a_redis_that_refuses_is_given_up_within_50_ms_F1(
    own_redis: RedisServer,
    visitor: Visitor,
    slept: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connects: list[Any] = []
    connect = socket.socket.connect

    def counted(self: socket.socket, address: Any) -> None:
        connects.append(address)
        connect(self, address)

    own_redis.kill()
    monkeypatch.setattr(socket.socket, "connect", counted)
    for _ in range(PATIENCE):
        connects.clear()
        gives_up(visitor)
        assert connects
        assert sum(slept) <= 0.05
        slept.clear()
    connects.clear()
    gives_up(visitor)
    assert (connects, slept) == ([], [])  # and now it is not even asked
    monkeypatch.undo()


def test_redis_gone_before_the_write_loses_both(own_redis: RedisServer, visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["cart"].append(1)
        own_redis.stop()

    with pytest.raises(SessionStoreUnavailable):
        visitor.do(act)
    back(own_redis)
    assert visitor.data() == {"cart": []}


def test_page_survives_that_a_shown_message_stays_F1_F12(
    own_redis: RedisServer, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody asked for a change, so the page is worth more; it is shown once more."""
    visitor.do(lambda request: request.session.flash("tea"))

    def act(request: Any) -> None:
        assert request.session.pop_flash() == ["tea"]
        own_redis.stop()

    visitor.method = "GET"
    visitor.do(act)
    assert visitor.status == 200
    assert visitor.sent == []
    assert "given up" in caplog.text
    back(own_redis)
    assert visitor.data() == {"cart": [], "_f_": ["tea"]}


@pytest.mark.parametrize(
    "act",
    [
        lambda session: session.flash("new"),
        lambda session: session.update(b=1),
        lambda session: session.rotate(),
        lambda session: session.invalidate(),
        lambda session: session.log_in("7"),
        lambda session: (session.pop_flash(), session.update(b=1)),
    ],
)
def test_page_does_not_pretend_that_it_was_saved_F12(
    own_redis: RedisServer, visitor: Visitor, act: Callable[[Any], Any]
) -> None:
    visitor.do(lambda request: request.session.flash("tea"))

    def change(request: Any) -> None:
        act(request.session)
        own_redis.stop()

    visitor.method = "GET"
    with pytest.raises(SessionStoreUnavailable):
        visitor.do(change)
    back(own_redis)
    assert visitor.data() == {"cart": [], "_f_": ["tea"]}


def test_redis_gone_after_the_database_has_committed(
    own_redis: RedisServer, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    """Then the answer stands, which is logged, and is made up for when Redis is back (F13)."""

    def act(request: Any) -> None:
        request.session["cart"].append(1)
        Saboteur(request, "tpc_vote", own_redis.stop)

    visitor.do(act)
    assert visitor.status == 200
    assert visitor.sent == []
    assert "session not saved, though its transaction was" in caplog.text
    back(own_redis)
    assert visitor.data() == {"cart": [1]}


def test_lock_that_ran_out_before_the_commit_F8(
    bed: RedisBed, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever was faster then wins: nothing of theirs is overwritten."""

    def other() -> None:
        bed.advance(11)
        Visitor(bed.app, cookie=visitor.cookie).put(cart=["theirs"])

    def act(request: Any) -> None:
        request.session["cart"].append("mine")
        Saboteur(request, "tpc_vote", other)

    visitor.do(act)
    assert visitor.status == 200
    assert "changed by another request" in caplog.text
    assert visitor.data() == {"cart": ["theirs"]}


def test_lock_that_cannot_be_released_runs_out(
    own_redis: RedisServer,
    bed: RedisBed,
    visitor: Visitor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stop_and_fail() -> None:
        own_redis.stop()
        fail()

    def act(request: Any) -> None:
        request.session["cart"].append(1)
        Saboteur(request, "tpc_vote", stop_and_fail)

    with pytest.raises(Sabotage):
        visitor.do(act)
    assert "stays locked for some seconds" in caplog.text
    back(own_redis)
    assert visitor.data() == {"cart": []}
    bed.advance(11)
    visitor.put(cart=[2])
    assert visitor.data() == {"cart": [2]}


def test_late_save_without_redis_does_not_break_the_answer(
    own_redis: RedisServer, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    def act(request: Any) -> None:
        raise Refused

    def late(request: Any) -> None:
        request.session.flash("lost")
        own_redis.stop()

    visitor.do(act, late)
    assert visitor.status == 418
    assert visitor.sent == []
    assert "was not saved" in caplog.text


def test_replica_refuses_to_write_F1(own_redis: RedisServer, bed: Bed, visitor: Visitor) -> None:
    """A failover has left us with one that is read-only."""
    bed.redis.execute_command("REPLICAOF", "127.0.0.1", str(free_port()))  # type: ignore[attr-defined]
    with pytest.raises(SessionStoreUnavailable):
        visitor.put(cart=[1])
    bed.redis.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[attr-defined]
    assert visitor.data() == {"cart": []}
