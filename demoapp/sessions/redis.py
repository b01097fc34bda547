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

from demoapp.sessions.breaker import Breaker
from demoapp.sessions.interfaces import (
    Change,
    CorruptRecord,
    Record,
    SessionConflict,
    SessionStoreUnavailable,
)
from demoapp.sessions.redis_client import connect
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
from demoapp.sessions.settings import Ini, SessionSettings

log = logging.getLogger(__name__)

LOCK_SECONDS = 5
"""How long a writer may hold a record. Longer than the database may take to commit."""
WAIT_SECONDS = 6
"""How long a replay waits for its turn: until the lock of a process that died has run out."""


class RedisStore:
    """Records in Redis. Every command of a record touches its one hash slot, so Cluster works."""

    def __init__(self, redis: Any, settings: SessionSettings) -> None:
        self._redis = redis
        self._idle_timeout = settings.idle_timeout
        self._absolute_timeout = settings.absolute_timeout
        self._prepare = redis.register_script(PREPARE)
        self._write = redis.register_script(WRITE)
        self._release = redis.register_script(RELEASE)
        self._breaker = Breaker()

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | None:
        # only here: a request that has begun with its session should end with it
        server = self._redis.server_of(name_of(key))
        if self._breaker.refuses(server) or self._breaker.refuses(""):
            raise SessionStoreUnavailable("Redis: not asked again, it has just failed")
        with self._errors_told(), _strings_only():
            if lock:
                self._wait_for_turn(key, lock)
            value = self._redis.getex(name_of(key), px=int(self._idle_timeout * 1000))
        self._breaker.worked(server)
        self._breaker.worked("")
        return record_of(key, value, time.time()) if value is not None else None

    def _wait_for_turn(self, key: str, writer: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._redis.set(lock_of(key), writer, nx=True, px=LOCK_SECONDS * 1000):
            if time.monotonic() > deadline:
                raise SessionConflict("another request holds this session")
            time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - only spreads the waiters

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        try:
            yield
        except client.RedisError as err:
            if isinstance(err, client.ConnectionError | client.TimeoutError):
                self._breaker.failed(self._redis.server_in(err))
            raise SessionStoreUnavailable(f"Redis: {type(err).__name__}: {err}") from err

    def enlist(self, request: Any) -> None:
        """Redis takes no part in a database transaction."""

    def write(self, request: Any, change: Change) -> None:
        with self._errors_told():
            self._create(change)
            done = self._replace(change)
        if not done:
            raise SessionConflict("the session was changed by another request")

    def prepare(self, request: Any, change: Change) -> None:
        with self._errors_told():
            if change.old:
                keys = [name_of(change.old.key), lock_of(change.old.key)]
                args = [change.old.version, change.writer, LOCK_SECONDS * 1000]
                if not self._prepare(keys=keys, args=args):
                    raise SessionConflict("the session was changed by another request")
            # now, while a full Redis can still be answered: nobody knows its name before commit
            self._create(change)

    def commit(self, request: Any, change: Change) -> None:
        with self._errors_told():
            if not self._replace(change):
                raise SessionStoreUnavailable("the lock ran out before the commit")

    def withdraw(self, request: Any, change: Change) -> None:
        with self._errors_told():
            if change.new and (change.old is None or change.rotates):
                self._redis.delete(name_of(change.new.key))
            if change.old:
                self._release(keys=[lock_of(change.old.key)], args=[change.writer])

    def _create(self, change: Change) -> None:
        new = change.new
        if new:
            self._index(change)
        if new and (change.old is None or change.rotates):
            lifetime = int(self._idle_timeout * 1000)
            self._redis.set(name_of(new.key), value_of(new, change.writer), px=lifetime)

    def _replace(self, change: Change) -> bool:
        old, new = change.old, change.new
        if old is None:
            return True
        lifetime = int(self._idle_timeout * 1000)
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
            self._redis.sadd(name, new.key)
            self._redis.expire(name, int(self._absolute_timeout))

    def release(self, request: Any, key: str, writer: str) -> None:
        with self._errors_told():
            self._release(keys=[lock_of(key)], args=[writer])

    def delete(self, request: Any, key: str) -> None:
        with self._errors_told():
            self._redis.delete(name_of(key))

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        with self._errors_told():
            keys = sorted(key.decode() for key in self._redis.smembers(list_of(owner)))
            # one by one, as those of a Cluster are on several servers
            records = [self._listed(key) for key in keys]
            mine = [record for record in records if record and record.owner == owner]
            if gone := set(keys) - {record.key for record in mine}:
                self._redis.srem(list_of(owner), *gone)
        return sorted(mine, key=lambda record: -record.last_seen)

    def _listed(self, key: str) -> Record | None:
        """A record for the list of its owner's sessions, unless it is over or not one of ours."""
        now = time.time()
        try:
            value, left = self._peek(key)
            found = value and record_of(key, value, now - self._idle_timeout + left / 1000)
        except CorruptRecord:
            return None
        return found if found and now - found.created < self._absolute_timeout else None

    def _peek(self, key: str) -> tuple[bytes | None, int]:
        with _strings_only():
            return self._redis.get(name_of(key)), self._redis.pttl(name_of(key))

    def raw(self, key: str) -> tuple[bytes | None, int]:
        """What redis-cli would show: the value, and its milliseconds to live."""
        with self._errors_told():
            return self._peek(key)

    def ping(self, request: Any) -> None:
        with self._errors_told():
            self._redis.ping()

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        with self._errors_told():
            total, found = int(self._redis.dbsize()), 0
            for found, _ in enumerate(self._redis.scan_iter(name_of("*"), count=1000), 1):
                if found % 1000 == 0:
                    yield found, max(total, found)
        yield found, found

    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]:
        yield 0, 0  # a key has a time to live

    def eviction_policy(self) -> str:
        """What Redis does when it is full; unknown where INFO is not allowed."""
        with self._errors_told():
            return str(self._redis.info("memory").get("maxmemory_policy", "unknown"))


@contextmanager
def _strings_only() -> Iterator[None]:
    try:
        yield
    except client.ResponseError as err:
        if not str(err).startswith("WRONGTYPE"):
            raise
        raise CorruptRecord("another program keeps something under its name") from err


def open_client(settings: Mapping[str, Any]) -> Any:
    """The client that `session.redis.*` describes."""
    ini = Ini(settings)
    url = ini.text("session.redis.url", "redis://localhost:6379/0")
    timeout = ini.seconds("session.redis.timeout", 0.25, minimum=0.01)
    return connect(url, timeout)


def make_store(settings: Mapping[str, Any], ours: SessionSettings) -> RedisStore:
    return RedisStore(open_client(settings), ours)


def includeme(config: Any) -> None:
    ours: SessionSettings = config.registry["session.settings"]
    store = make_store(config.registry.settings, ours)
    install(config, store, ours)
    try:
        policy = store.eviction_policy()
    except SessionStoreUnavailable as err:
        # no reason not to start: it may come up later, and most pages do without it
        told = "%s Start it, or correct session.redis.url; until then sessions answer 503."
        log.warning(told, err)
    else:
        if policy not in ("noeviction", "unknown"):
            told = "Redis has maxmemory-policy %s: when it is full, a flood of guests would push "
            log.warning(told + "out those who are logged in. Set it to noeviction.", policy)
