"""`session.strategy = redis`: sessions in Redis, shared by every process and machine.

A session is one string of JSON under one key (see format.py), and `redis-cli get` shows it. Redis
keeps the limits itself, as the key's time to live. Whatever must not be torn apart is a script:
to read is one round trip, to compare and write is another.
"""

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from redis import RedisError

from demoapp.sessions.factory import install
from demoapp.sessions.ids import Ids
from demoapp.sessions.interfaces import (
    Change,
    Create,
    Delete,
    Ended,
    Record,
    Rotate,
    SessionConflict,
    SessionStoreUnavailable,
    Store,
    Touch,
    Update,
)
from demoapp.sessions.redis.breaker import UNREACHABLE, Breaker
from demoapp.sessions.redis.client import Script
from demoapp.sessions.redis.format import name_of, names_of, read_value, value_of
from demoapp.sessions.redis.lists import Lists
from demoapp.sessions.redis.scripts import EXPIRE, LOCK, WRITE
from demoapp.sessions.redis.url import open_client as open_client
from demoapp.sessions.settings import SessionSettings

log = logging.getLogger(__name__)


class RedisStore(Store):
    """Records in Redis. Every command of a record touches its one hash slot, so Cluster works."""

    def __init__(self, redis: Any, settings: SessionSettings) -> None:
        self._redis = redis
        self._settings = settings
        self._lock = Script(redis, LOCK)
        self._write = Script(redis, WRITE)
        self._expire = Script(redis, EXPIRE)
        self._lists = Lists(redis, settings)
        self._unfinished: dict[str, Change] = {}
        self._breaker = Breaker(redis)
        self._errors_told = self._breaker.errors_told
        # what has ended must be remembered for longer while sessions are moved (migration/)
        self._longest = _ms(
            settings.absolute_timeout if settings.migrate_from else settings.idle_timeout
        )

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | Ended | None:
        # only here: a request that has begun with its session should end with it
        name = name_of(key)
        with self._breaker.asking(name):
            if self._unfinished:
                self._catch_up()
            if lock:
                value = self._wait_for_turn(key, lock)
            else:
                value = self._redis.execute_command("GETEX", name, "PX", self._longest)
        if value is None:
            return None
        kept = read_value(key, value, time.time())
        if (left := self._life(kept)) < self._longest:
            with self._errors_told():
                self._expire([name], [value, left])
        return kept

    def _wait_for_turn(self, key: str, writer: str) -> Any:
        patience = self._settings.wait_timeout
        lease = max(5, patience * 0.75)  # the view of a replay may take its time
        names, args = names_of(key, writer), [writer, _ms(lease), self._longest]
        deadline = time.monotonic() + patience
        while isinstance(ahead := self._lock(names, args), int):
            if time.monotonic() > deadline:
                self.release(None, key, writer)
                raise SessionStoreUnavailable("other requests hold this session for too long")
            time.sleep(min(ahead * 0.002, 0.05))
        return ahead

    def write(self, request: Any, change: Change) -> None:
        with self._errors_told():
            self._begin(change)
            self._finish("write", change)

    def prepare(self, request: Any, change: Change) -> None:
        with self._errors_told():
            if not self._replace("prepare", change):
                raise SessionConflict("the session was changed by another request")
            # now, while a full Redis can still be answered: nobody knows its id before the commit
            self._begin(change)

    def commit(self, request: Any, change: Change) -> None:
        self._unfinished[change.writer] = change
        with self._errors_told():
            self._finish("commit", change)

    def _catch_up(self) -> None:
        """An outage has kept from being committed what was answered with success already."""
        with suppress(RedisError):
            for change in list(self._unfinished.values()):
                if self._replace("commit", change):
                    self._lists.follow(change)
                self._unfinished.pop(change.writer, None)

    def withdraw(self, request: Any, change: Change) -> None:
        if not isinstance(change, Create):
            self.release(request, change.old.key, change.writer)
        with self._errors_told():
            self._take_back(change)

    def release(self, request: Any, key: str, writer: str) -> None:
        with self._errors_told():
            self._write(names_of(key, writer), [writer, "release"])

    def delete(self, request: Any, key: str) -> None:
        with self._errors_told():
            self._redis.delete(name_of(key))

    def _begin(self, change: Change) -> None:
        """Store what has a key of its own, and list it."""
        if isinstance(change, Create | Rotate):
            new = change.new
            self._redis.set(name_of(new.key), value_of(new), px=self._life(new))
        self._lists.foresee(change)

    def _finish(self, step: str, change: Change) -> None:
        done = self._replace(step, change)
        self._unfinished.pop(change.writer, None)
        if not done:  # it may have been ended since it was prepared
            self._take_back(change)
            raise SessionConflict("the session was changed by another request")
        self._lists.follow(change)

    def _take_back(self, change: Change) -> None:
        if isinstance(change, Create | Rotate):
            self._redis.delete(name_of(change.new.key))  # nobody will ever know its id

    def _replace(self, step: str, change: Change) -> bool:
        """Whether what is stored was still `old`. To prepare is to see to it that it stays so."""
        if isinstance(change, Create | Touch):  # a touch: to load it was to touch it
            return True
        after = change.new if isinstance(change, Update) else change.ended
        version = after.version if isinstance(after, Record) else "ended"
        value = "" if step == "prepare" else value_of(after)
        args = [change.writer, step, change.old.version, version, value, self._life(after)]
        return bool(self._write(names_of(change.old.key, change.writer), args))

    def _life(self, kept: Record | Ended) -> int:
        """Milliseconds to live."""
        limits, now = self._settings, time.time()
        if isinstance(kept, Ended):
            return max(1, _ms(kept.until - now))
        return max(1, _ms(min(limits.idle_timeout, kept.created + limits.absolute_timeout - now)))

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        with self._errors_told():
            found = self._lists.read(Ids(self._settings.secrets).owners(owner))
        return sorted(found, key=lambda record: -record.last_seen)

    def ping(self, request: Any) -> None:
        """A session of five seconds, with all that sessions need."""
        now, key = time.time(), secrets.token_hex(32)
        begun = now - self._settings.absolute_timeout + 5
        probe = Record(key, "{}", 1, begun, now, owner="ping")
        self.write(request, Create(probe, writer=key))
        self.load(request, key, key)
        self.write(request, Delete(probe, Ended(key, now, now + 5), writer=key))
        with self._errors_told():
            self._redis.delete(*names_of(key, key))

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        with self._errors_told():
            names = self._redis.scan_iter(name_of("*"), count=1000)
            total, found = int(self._redis.dbsize()), 0
            while batch := list(islice(names, 1000)):
                heads = self._redis.ask_all([("GETRANGE", name, 0, 8) for name in batch])
                found += heads.count(b'{"format"')  # not what is left of those that were ended
                yield found, max(total, found)
        yield found, found

    def eviction_policy(self) -> str:
        """What Redis does when it is full; unknown where INFO is not allowed."""
        try:
            return str(self._redis.info("memory").get("maxmemory_policy", "unknown"))
        except RedisError:
            return "unknown"


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def make_store(config: Any, ours: SessionSettings) -> RedisStore:
    return RedisStore(open_client(config.registry.settings), ours)


def includeme(config: Any) -> None:
    ours: SessionSettings = config.registry["session.settings"]
    store = make_store(config, ours)
    install(config, store, ours)
    try:
        store.ping(None)
    except SessionStoreUnavailable as err:
        # no reason not to start: it may come up later, and most pages do without it
        down = isinstance(err.__cause__, UNREACHABLE)
        advice = "Start it, or correct session.redis.url" if down else "Sessions need this"
        log.warning("%s. %s; until then they answer 503.", str(err).rstrip("."), advice)
        return
    policy = store.eviction_policy()
    if policy not in ("noeviction", "unknown"):
        told = "Redis has maxmemory-policy %s: when it is full, a flood of guests would push "
        log.warning(told + "out those who are logged in. Set it to noeviction.", policy)
