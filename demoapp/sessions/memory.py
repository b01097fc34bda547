"""`session.strategy = memory`: sessions in a dict of this process.

Nothing to install and nothing faster, but they end with the process, and a second process
knows nothing of them. For development, tests, and one-process tools.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from threading import RLock
from typing import Any

from demoapp.sessions.factory import install
from demoapp.sessions.ids import Ids
from demoapp.sessions.ini import Ini
from demoapp.sessions.interfaces import (
    ABSENT,
    Change,
    Create,
    Delete,
    Ended,
    Record,
    Rotate,
    SessionConflict,
    Store,
)
from demoapp.sessions.settings import SessionSettings
from demoapp.sessions.turns import Turns


class MemoryStore(Store):
    """Records by key, least recently seen first. Safe for threads.

    A record is immutable and its data is text, so nobody can change what is stored
    by changing what was loaded.
    """

    def __init__(self, settings: SessionSettings, max_sessions: int) -> None:
        self._settings = settings
        self._max_sessions = max_sessions
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._ended: OrderedDict[str, Ended] = OrderedDict()
        self._turns = Turns(settings.wait_timeout)
        self._lock = RLock()

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | Ended | None:
        if lock:
            self._turns.wait(key, lock)
        with self._lock:
            record = self._records.get(key)
            if record and self._over(record):
                del self._records[key]
            elif record:
                now = time.time()
                # to a hundredth of the limit, as a copy costs time; not if the clock was set back
                if now - record.last_seen >= min(1, self._settings.idle_timeout / 100):
                    record = replace(record, last_seen=now)
                self._put(record)
                return record
            return self._ended.get(key)

    def write(self, request: Any, change: Change) -> None:
        with self._lock:
            self._compare(change)
            if not isinstance(change, Create):
                self._turns.check(change.old.key, change.writer)
            self._apply(change)
            self.withdraw(request, change)

    def prepare(self, request: Any, change: Change) -> None:
        with self._lock:
            self._compare(change)
            if not isinstance(change, Create):
                self._turns.take(change.old.key, change.writer)

    def commit(self, request: Any, change: Change) -> None:
        """Nobody else could write it since it was prepared; but it may have been ended."""
        with self._lock:
            try:
                self._compare(change)
                self._apply(change)
            finally:
                self.withdraw(request, change)

    def withdraw(self, request: Any, change: Change) -> None:
        if not isinstance(change, Create):
            self.release(request, change.old.key, change.writer)

    def release(self, request: Any, key: str, writer: str) -> None:
        self._turns.release(key, writer)

    def delete(self, request: Any, key: str) -> None:
        with self._lock:
            self._records.pop(key, None)

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        owners = Ids(self._settings.secrets).owners(owner)
        with self._lock:
            mine = [r for r in self._records.values() if r.owner in owners and not self._over(r)]
        return sorted(mine, key=lambda record: -record.last_seen)

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        yield len(self._records), len(self._records)

    def _compare(self, change: Change) -> None:
        """What is stored must still be what was read."""
        if isinstance(change, Create):
            return
        stored = self._records.get(change.old.key) or self._ended.get(change.old.key)
        version = stored.version if isinstance(stored, Record) else ABSENT
        if version != change.old.version or isinstance(stored, Ended):
            raise SessionConflict("the session was changed by another request")

    def _apply(self, change: Change) -> None:
        if isinstance(change, Delete | Rotate):
            self._records.pop(change.old.key, None)
            self._ended[change.old.key] = change.ended
        if not isinstance(change, Delete):
            self._put(change.new)
        self._make_room()

    def _over(self, record: Record) -> bool:
        now, limits = time.time(), self._settings
        return (
            now - record.last_seen >= limits.idle_timeout
            or now - record.created >= limits.absolute_timeout
        )

    def _put(self, record: Record) -> None:
        self._records[record.key] = record
        self._records.move_to_end(record.key)

    def _make_room(self) -> None:
        """Drop what is over; if that is not enough, guests before those who logged in."""
        while self._ended and next(iter(self._ended.values())).until <= time.time():
            self._ended.popitem(last=False)
        while self._records and self._over(next(iter(self._records.values()))):
            self._records.popitem(last=False)
        while len(self._records) > self._max_sessions:
            guests = (key for key, record in self._records.items() if record.owner is None)
            del self._records[next(guests, next(iter(self._records)))]


def make_store(config: Any, ours: SessionSettings) -> MemoryStore:
    limit = Ini(config.registry.settings).count("session.memory.max_sessions", 10_000, minimum=1)
    return MemoryStore(ours, limit)


def includeme(config: Any) -> None:
    ours: SessionSettings = config.registry["session.settings"]
    install(config, make_store(config, ours), ours)
