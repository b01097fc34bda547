"""`session.strategy = redis`: sessions in Redis, shared by every process and machine.

A session is one string key, `session:{KEY}`, whose value is JSON with the version in front,
so that `redis-cli get` shows it and a script compares it without decoding it all. Redis keeps
the idle limit itself, as the key's time to live, and the read that fetches a session also
extends it: one round trip.
"""

import logging
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import redis as client
from redis.backoff import NoBackoff
from redis.retry import Retry

from demoapp.sessions.interfaces import (
    Change,
    CorruptRecord,
    Record,
    SessionConflict,
    SessionStoreUnavailable,
)
from demoapp.sessions.redis_format import (
    PREPARE,
    RELEASE,
    WRITE,
    list_of,
    lock_of,
    mark_of,
    name_of,
    record_of,
    value_of,
)
from demoapp.sessions.session import install
from demoapp.sessions.settings import Ini, SessionSettings, SettingsError
from demoapp.sessions.timing import trip

log = logging.getLogger(__name__)

LOCK_SECONDS = 5
"""How long a writer may hold a record. Longer than the database may take to commit."""
WAIT_SECONDS = 6
"""How long a replay waits for its turn: until the lock of a process that died has run out."""
PAUSE_SECONDS = 1
"""How long after a failure Redis is not asked, so that no visitor waits for the next one."""


class RedisStore:
    """Records in Redis. Every command of a record touches its one hash slot, so Cluster works."""

    def __init__(self, redis: Any, settings: SessionSettings) -> None:
        self._redis = redis
        self._idle_timeout = settings.idle_timeout
        self._absolute_timeout = settings.absolute_timeout
        self._prepare = redis.register_script(PREPARE)
        self._write = redis.register_script(WRITE)
        self._release = redis.register_script(RELEASE)
        self._refusing_until = 0.0

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | None:
        self._refuse_if_just_failed()
        with self._errors_told():
            if lock:
                self._wait_for_turn(key, lock)
            try:
                value = self._redis.getex(name_of(key), px=int(self._idle_timeout * 1000))
            except client.ResponseError as err:
                if not str(err).startswith("WRONGTYPE"):
                    raise
                raise CorruptRecord("another program keeps something under its name") from err
        return record_of(key, value, time.time()) if value is not None else None

    def _wait_for_turn(self, key: str, writer: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._redis.set(lock_of(key), writer, nx=True, px=LOCK_SECONDS * 1000):
            if time.monotonic() > deadline:
                raise SessionConflict("another request holds this session")
            time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - only spreads the waiters

    def _refuse_if_just_failed(self) -> None:
        """The circuit breaker. Without it a store that hangs holds every thread for its timeout.

        Only a request that has not begun with its session is refused: one that has should end.
        """
        if time.monotonic() < self._refusing_until:
            raise SessionStoreUnavailable("Redis: not asked again, it has just failed")

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        try:
            yield
        except client.RedisError as err:
            if isinstance(err, client.ConnectionError | client.TimeoutError):
                self._refusing_until = time.monotonic() + PAUSE_SECONDS
            raise SessionStoreUnavailable(f"Redis: {type(err).__name__}: {err}") from err

    def enlist(self, request: Any) -> None:
        """Redis takes no part in a database transaction."""

    def write(self, request: Any, change: Change) -> None:
        with self._errors_told():
            self._index(change)
            done = self._apply(change)
        if not done:
            raise SessionConflict("the session was changed by another request")

    def prepare(self, request: Any, change: Change) -> None:
        with self._errors_told():
            self._index(change)
            if change.old is None:
                return  # a new record has a name that nobody else knows
            keys = [name_of(change.old.key), lock_of(change.old.key)]
            args = [change.old.version, change.writer, LOCK_SECONDS * 1000]
            if not self._prepare(keys=keys, args=args):
                raise SessionConflict("the session was changed by another request")

    def commit(self, request: Any, change: Change) -> None:
        with self._errors_told():
            if not self._apply(change):
                raise SessionStoreUnavailable("the lock ran out before the commit")

    def _apply(self, change: Change) -> bool:
        old, new = change.old, change.new
        lifetime = int(self._idle_timeout * 1000)
        if new and (old is None or change.rotates):
            self._redis.set(name_of(new.key), value_of(new, change.writer), px=lifetime)
        if old is None:
            return True
        value = value_of(new, change.writer) if new and not change.rotates else ""
        keys = [name_of(old.key), lock_of(old.key), mark_of(old.key)]
        args = [old.version, change.writer, value, lifetime, LOCK_SECONDS * 1000]
        done = bool(self._write(keys=keys, args=args))
        if new and change.rotates and not done:
            self._redis.delete(name_of(new.key))  # nobody will ever know its id
        return done

    def _index(self, change: Change) -> None:
        """Note whose session it is, before it is visible: so none is ever missing from the list.

        A name that leads nowhere is dropped when the list is read.
        """
        new = change.new
        if new and new.owner and (new.version == 1 or not change.old or not change.old.owner):
            name = list_of(new.owner)
            pipe = self._redis.pipeline(transaction=False)
            trip()
            pipe.sadd(name, new.key).expire(name, int(self._absolute_timeout)).execute()

    def release(self, request: Any, key: str, writer: str) -> None:
        with self._errors_told():
            self._release(keys=[lock_of(key)], args=[writer])

    def delete(self, request: Any, key: str) -> None:
        with self._errors_told():
            self._redis.delete(name_of(key))

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        with self._errors_told():
            keys = sorted(key.decode() for key in self._redis.smembers(list_of(owner)))
            pipe = self._redis.pipeline(transaction=False)
            for key in keys:
                pipe.get(name_of(key)).pttl(name_of(key))
            answers = pipe.execute(raise_on_error=False) if keys else []
            mine = [
                record
                for key, value, left in zip(keys, answers[::2], answers[1::2], strict=True)
                if (record := self._listed(key, value, left)) and record.owner == owner
            ]
            if gone := set(keys) - {record.key for record in mine}:
                self._redis.srem(list_of(owner), *gone)
        return sorted(mine, key=lambda record: -record.last_seen)

    def _listed(self, key: str, value: Any, left: int) -> Record | None:
        """A record for the list of its owner's sessions, unless it is over or not one of ours."""
        now = time.time()
        if not isinstance(value, bytes):  # None, or an error: it is no string
            return None
        try:
            record = record_of(key, value, now - self._idle_timeout + left / 1000)
        except CorruptRecord:
            return None
        return record if now - record.created < self._absolute_timeout else None

    def raw(self, key: str) -> tuple[bytes | None, int]:
        """What redis-cli would show: the value, and its milliseconds to live."""
        pipe = self._redis.pipeline(transaction=False).get(name_of(key)).pttl(name_of(key))
        with self._errors_told():
            value, left = pipe.execute()
        return value, left

    def ping(self, request: Any) -> None:
        with self._errors_told():
            self._redis.ping()


class _CountingRedis(client.Redis):
    def execute_command(self, *args: Any, **options: Any) -> Any:
        trip()
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


def connect(url: str, timeout: float) -> Any:
    """A client that gives up after `timeout` seconds, and asks again once if a connection broke.

    The one retry heals connections that a restart of Redis left dead in the pool; a command
    that times out is not repeated. redis-py's own defaults wait far longer than a page may.
    """
    try:
        redis = _CountingRedis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 1, supported_errors=(client.ConnectionError,)),
        )
        # redis-py would find an option that it does not know with the first request
        redis.connection_pool.connection_class(**redis.connection_pool.connection_kwargs)
        return redis
    except (ValueError, TypeError) as err:
        # the URL may hold a password, so it is not repeated here
        raise SettingsError(f"session.redis.url cannot be used: {err}") from err


def make_store(settings: Mapping[str, Any], ours: SessionSettings) -> RedisStore:
    ini = Ini(settings)
    url = ini.text("session.redis.url", "redis://localhost:6379/0")
    timeout = ini.seconds("session.redis.timeout", 0.25, minimum=0.01)
    return RedisStore(connect(url, timeout), ours)


def includeme(config: Any) -> None:
    ours: SessionSettings = config.registry["session.settings"]
    store = make_store(config.registry.settings, ours)
    install(config, store, ours)
    try:
        store.ping(None)
    except SessionStoreUnavailable as err:
        # no reason not to start: it may come up later, and most pages do without it
        told = "%s Start it, or correct session.redis.url; until then sessions answer 503."
        log.warning(told, err)
