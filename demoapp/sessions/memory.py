"""`session.strategy = memory`: sessions in a dict of this process.

Nothing to install and nothing faster, but they end with the process, and a second process
knows nothing of them. For development, tests, and one-process tools.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Condition
from typing import Any

from demoapp.sessions.interfaces import (
    ABSENT,
    Change,
    Record,
    SessionConflict,
    SessionStoreUnavailable,
)
from demoapp.sessions.session import install
from demoapp.sessions.settings import Ini, SessionSettings

LOCK_SECONDS = 5
"""How long a writer may hold a record; as in Redis, so that both behave the same."""
WAIT_SECONDS = 6
"""How long a replay waits for its turn."""


class MemoryStore:
    """Records by key, least recently seen first. Safe for threads.

    A record is immutable and its data is text, so nobody can change what is stored
    by changing what was loaded.
    """

    def __init__(self, idle_timeout: float, absolute_timeout: float, max_sessions: int) -> None:
        self._idle_timeout = idle_timeout
        self._absolute_timeout = absolute_timeout
        self._max_sessions = max_sessions
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._locks: dict[str, tuple[str, float]] = {}
        self._turn = Condition()  # its lock is reentrant

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | None:
        with self._turn:
            if lock:
                if not self._turn.wait_for(lambda: self._free(key, lock), WAIT_SECONDS):
                    raise SessionConflict("another request holds this session")
                self._lock(key, lock)
            record = self._records.get(key)
            if record and self._expired(record):
                del self._records[key]
                return None
            if record is None:
                return None
            # seen now, unless the clock was set back
            record = replace(record, last_seen=max(time.time(), record.last_seen))
            self._put(record)
            return record

    def enlist(self, request: Any) -> None:
        """Nothing of ours takes part in a database transaction."""

    def write(self, request: Any, change: Change) -> None:
        with self._turn:
            self.prepare(request, change)
            self.commit(request, change)

    def prepare(self, request: Any, change: Change) -> None:
        if change.old is None:
            return
        key = change.old.key
        with self._turn:
            if not self._still(change.old):
                raise SessionConflict("the session was changed by another request")
            if not self._free(key, change.writer):
                raise SessionConflict("the session is being changed by another request")
            self._lock(key, change.writer)

    def commit(self, request: Any, change: Change) -> None:
        with self._turn:
            if change.old:
                if not self._still(change.old) or not self._free(change.old.key, change.writer):
                    self._unlock(change.old.key, change.writer)
                    raise SessionStoreUnavailable("deleted or changed since it was prepared")
                if change.new is None or change.rotates:
                    self._records.pop(change.old.key, None)
                self._unlock(change.old.key, change.writer)
            if change.new:
                self._put(change.new)
                self._make_room()

    def withdraw(self, request: Any, change: Change) -> None:
        if change.old:
            self.release(request, change.old.key, change.writer)

    def release(self, request: Any, key: str, writer: str) -> None:
        with self._turn:
            self._unlock(key, writer)

    def delete(self, request: Any, key: str) -> None:
        with self._turn:
            self._records.pop(key, None)

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        with self._turn:
            mine = [r for r in self._records.values() if r.owner == owner and not self._expired(r)]
        return sorted(mine, key=lambda record: -record.last_seen)

    def ping(self, request: Any) -> None:
        """A dict is always there."""

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        yield len(self._records), len(self._records)

    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]:
        yield 0, 0  # done with every new session

    def _still(self, old: Record) -> bool:
        """Whether what is stored is what was read."""
        stored = self._records.get(old.key)
        return (stored.version if stored else ABSENT) == old.version

    def _expired(self, record: Record) -> bool:
        now = time.time()
        return (
            now - record.last_seen >= self._idle_timeout
            or now - record.created >= self._absolute_timeout
        )

    def _put(self, record: Record) -> None:
        self._records[record.key] = record
        self._records.move_to_end(record.key)

    def _make_room(self) -> None:
        """Drop what has expired; if that is not enough, guests before those who logged in."""
        while self._records and self._expired(next(iter(self._records.values()))):
            self._records.popitem(last=False)
        while len(self._records) > self._max_sessions:
            guests = (key for key, record in self._records.items() if record.owner is None)
            del self._records[next(guests, next(iter(self._records)))]

    # A lock has an owner and a deadline, and is held across calls; so a plain Lock won't do.

    def _free(self, key: str, writer: str) -> bool:
        owner, deadline = self._locks.get(key, (writer, 0.0))
        return owner == writer or time.time() >= deadline

    def _lock(self, key: str, writer: str) -> None:
        self._locks[key] = writer, time.time() + LOCK_SECONDS

    def _unlock(self, key: str, writer: str) -> None:
        if self._locks.get(key, ("", 0.0))[0] == writer:
            del self._locks[key]
            self._turn.notify_all()


def make_store(settings: Mapping[str, Any], ours: SessionSettings) -> MemoryStore:
    limit = Ini(settings).count("session.memory.max_sessions", 10_000, minimum=1)
    return MemoryStore(ours.idle_timeout, ours.absolute_timeout, limit)


def includeme(config: Any) -> None:
    ours: SessionSettings = config.registry["session.settings"]
    install(config, make_store(config.registry.settings, ours), ours)
