"""`session.strategy = redis`: sessions in Redis, shared by every process and machine.

A session is one string key, `session:{KEY}`, whose value is JSON with the version in front,
so that `redis-cli get` shows it and a script compares it without decoding it all. Redis keeps
the idle limit itself, as the key's time to live, and the read that fetches a session also
extends it: one round trip.
"""

import json
import logging
import random
import time
from collections.abc import Mapping
from typing import Any

import redis as client
from redis.backoff import NoBackoff
from redis.retry import Retry

from demoapp.sessions.interfaces import (
    ABSENT,
    FORMAT,
    Change,
    CorruptRecord,
    Record,
    SessionConflict,
    SessionStoreUnavailable,
    believed,
)
from demoapp.sessions.session import install
from demoapp.sessions.settings import Ini, SessionSettings, SettingsError
from demoapp.sessions.timing import trip

log = logging.getLogger(__name__)

LOCK_SECONDS = 5
"""How long a writer may hold a record. Longer than the database may take to commit."""
WAIT_SECONDS = 6
"""How long a replay waits for its turn: until the lock of a process that died has run out."""

_HEAD = '^{"format":%d+,"version":(%d+),"writer":"([^"]*)"'

PREPARE = f"""
-- KEYS record, lock; ARGV version, writer, lock milliseconds
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[2] then return 0 end
local value = redis.call('GET', KEYS[1])
if (value and string.match(value, '{_HEAD}') or '{ABSENT}') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
"""
"""Compare the version, and hold the record while the database commits."""

WRITE = f"""
-- KEYS record, lock, ended; ARGV version, writer, new value or '', its milliseconds to live,
-- milliseconds for which a repetition is recognised
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[2] then return 0 end
local value = redis.call('GET', KEYS[1])
local version, writer = '{ABSENT}'
if value then version, writer = string.match(value, '{_HEAD}') end
-- sent again: it was done the first time
if writer == ARGV[2] or redis.call('GET', KEYS[3]) == ARGV[2] then return 1 end
if version ~= ARGV[1] then return 0 end  -- changed, or gone: what was logged out stays so
if ARGV[3] == '' then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[5])
else
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
if holder then redis.call('DEL', KEYS[2]) end
return 1
"""
"""Replace or delete the record, if it is still the one that was read."""

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class RedisStore:
    """Records in Redis. Every command of a record touches its one hash slot, so Cluster works."""

    def __init__(self, redis: Any, settings: SessionSettings) -> None:
        self._redis = redis
        self._idle_timeout = settings.idle_timeout
        self._absolute_timeout = settings.absolute_timeout
        self._prepare = redis.register_script(PREPARE)
        self._write = redis.register_script(WRITE)
        self._release = redis.register_script(RELEASE)

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | None:
        try:
            if lock:
                self._wait_for_turn(key, lock)
            value = self._redis.getex(_name(key), px=int(self._idle_timeout * 1000))
        except client.ResponseError as err:
            if str(err).startswith("WRONGTYPE"):
                raise CorruptRecord("another program keeps something under its name") from err
            raise _unavailable(err) from err
        except client.RedisError as err:
            raise _unavailable(err) from err
        return _record(key, value, time.time()) if value is not None else None

    def _wait_for_turn(self, key: str, writer: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._redis.set(_lock(key), writer, nx=True, px=LOCK_SECONDS * 1000):
            if time.monotonic() > deadline:
                raise SessionConflict("another request holds this session")
            time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - only spreads the waiters

    def enlist(self, request: Any) -> None:
        """Redis takes no part in a database transaction."""

    def write(self, request: Any, change: Change) -> None:
        try:
            self._index(change)
            done = self._apply(change)
        except client.RedisError as err:
            raise _unavailable(err) from err
        if not done:
            raise SessionConflict("the session was changed by another request")

    def prepare(self, request: Any, change: Change) -> None:
        try:
            self._index(change)
            if change.old is None:
                return  # a new record has a name that nobody else knows
            keys = [_name(change.old.key), _lock(change.old.key)]
            args = [change.old.version, change.writer, LOCK_SECONDS * 1000]
            if not self._prepare(keys=keys, args=args):
                raise SessionConflict("the session was changed by another request")
        except client.RedisError as err:
            raise _unavailable(err) from err

    def commit(self, request: Any, change: Change) -> None:
        try:
            if not self._apply(change):
                raise SessionStoreUnavailable("the lock ran out before the commit")
        except client.RedisError as err:
            raise _unavailable(err) from err

    def _apply(self, change: Change) -> bool:
        old, new = change.old, change.new
        lifetime = int(self._idle_timeout * 1000)
        if new and (old is None or change.rotates):
            self._redis.set(_name(new.key), _value(new, change.writer), px=lifetime)
        if old is None:
            return True
        value = _value(new, change.writer) if new and not change.rotates else ""
        keys = [_name(old.key), _lock(old.key), _ended(old.key)]
        args = [old.version, change.writer, value, lifetime, LOCK_SECONDS * 1000]
        done = bool(self._write(keys=keys, args=args))
        if new and change.rotates and not done:
            self._redis.delete(_name(new.key))  # nobody will ever know its id
        return done

    def _index(self, change: Change) -> None:
        """Note whose session it is, before it is visible: so none is ever missing from the list.

        A name that leads nowhere is dropped when the list is read.
        """
        new = change.new
        if new and new.owner and (new.version == 1 or not change.old or not change.old.owner):
            name = _sessions_of(new.owner)
            pipe = self._redis.pipeline(transaction=False)
            trip()
            pipe.sadd(name, new.key).expire(name, int(self._absolute_timeout)).execute()

    def release(self, request: Any, key: str, writer: str) -> None:
        try:
            self._release(keys=[_lock(key)], args=[writer])
        except client.RedisError as err:
            raise _unavailable(err) from err

    def delete(self, request: Any, key: str) -> None:
        try:
            self._redis.delete(_name(key))
        except client.RedisError as err:
            raise _unavailable(err) from err

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        try:
            keys = sorted(key.decode() for key in self._redis.smembers(_sessions_of(owner)))
            pipe = self._redis.pipeline(transaction=False)
            for key in keys:
                pipe.get(_name(key)).pttl(_name(key))
            answers = pipe.execute(raise_on_error=False) if keys else []
            mine = [
                record
                for key, value, left in zip(keys, answers[::2], answers[1::2], strict=True)
                if (record := self._listed(key, value, left)) and record.owner == owner
            ]
            if gone := set(keys) - {record.key for record in mine}:
                self._redis.srem(_sessions_of(owner), *gone)
        except client.RedisError as err:
            raise _unavailable(err) from err
        return sorted(mine, key=lambda record: -record.last_seen)

    def _listed(self, key: str, value: Any, left: int) -> Record | None:
        """A record for the list of its owner's sessions, unless it is over or not one of ours."""
        now = time.time()
        if not isinstance(value, bytes):  # None, or an error: it is no string
            return None
        try:
            record = _record(key, value, now - self._idle_timeout + left / 1000)
        except CorruptRecord:
            return None
        return record if now - record.created < self._absolute_timeout else None

    def ping(self, request: Any) -> None:
        try:
            self._redis.ping()
        except client.RedisError as err:
            raise _unavailable(err) from err


def _name(key: str) -> str:
    # the braces are a Cluster hash tag: record and lock share a slot, so one script has both
    return f"session:{{{key}}}"


def _lock(key: str) -> str:
    return f"session:{{{key}}}:lock"


def _ended(key: str) -> str:
    return f"session:{{{key}}}:ended"


def _sessions_of(owner: str) -> str:
    return f"sessions-of:{{{owner}}}"


def _value(record: Record, writer: str) -> str:
    # written by hand, because the scripts above rely on this very order
    return (
        f'{{"format":{FORMAT},"version":{record.version},"writer":"{writer}",'
        f'"created":{record.created!r},"owner":{json.dumps(record.owner)},'
        f'"device":{json.dumps(record.device)},"data":{record.data}}}'
    )


def _record(key: str, value: bytes, last_seen: float) -> Record:
    """Read what `_value` wrote, and believe nothing of it before it is checked."""
    try:
        head, found, data = value.decode().partition(',"data":')
        fields = json.loads(head + "}")
        record = Record(
            key,
            data.removesuffix("}"),
            fields["version"],
            fields["created"],
            last_seen,
            fields["owner"],
            fields["device"],
        )
        # the scripts look for the version there; a record without it could never be written
        ours = f'{{"format":{FORMAT},"version":{record.version},"writer":"'
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise CorruptRecord("it is not a session record") from err
    if not found or not head.startswith(ours):
        raise CorruptRecord("it was written by another release or program")
    return believed(record)


def _unavailable(err: client.RedisError) -> SessionStoreUnavailable:
    return SessionStoreUnavailable(f"Redis: {type(err).__name__}: {err}")


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
