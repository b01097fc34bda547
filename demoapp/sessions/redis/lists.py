"""The list of one user's sessions: their keys, each with the time when it is over at the latest.

A name is on it before its session is in use, and off it after the session has ended. What goes
wrong in between leaves a name that leads nowhere: who reads the list drops it.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any

from redis import RedisError

from demoapp.sessions.interfaces import (
    ABSENT,
    Change,
    CorruptRecord,
    Create,
    Delete,
    Record,
    Touch,
    Update,
)
from demoapp.sessions.redis.format import list_of, name_of, read_value
from demoapp.sessions.settings import SessionSettings

log = logging.getLogger(__name__)

NOTE = """
-- KEYS list; ARGV key, when it is over or '' if it is, now, the list's milliseconds to live
if ARGV[2] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
"""


class Lists:
    """All of them."""

    def __init__(self, redis: Any, settings: SessionSettings) -> None:
        self._redis = redis
        self._settings = settings
        self._note = redis.register_script(NOTE)

    def add(self, record: Record) -> None:
        self._write(record, record.created + self._settings.absolute_timeout)

    def drop(self, record: Record) -> None:
        self._write(record, "")

    def _write(self, record: Record, end: float | str) -> None:
        if record.owner:
            lifetime = int(self._settings.absolute_timeout * 1000)
            self._note([list_of(record.owner)], [record.key, end, time.time(), lifetime])

    def foresee(self, change: Change) -> None:
        """Add what the change will add."""
        if not isinstance(change, Delete) and not _stays(change):
            self.add(change.new)

    def follow(self, change: Change) -> None:
        """Drop what the change has dropped. It is done, so this may fail."""
        try:
            if isinstance(change, Update) and change.old.version == ABSENT:
                self.add(change.new)  # once more: until now it led nowhere
            elif not isinstance(change, Create) and not _stays(change):
                self.drop(change.old)
        except RedisError as err:
            log.warning("the list of a user's sessions in Redis is not up to date: %s", err)

    def read(self, owners: Iterable[str]) -> list[Record]:
        """In one round trip for each owner, and one for all records."""
        now, found = time.time(), []
        names = [
            (owner, key.decode())
            for owner in owners
            for key in self._redis.zrangebyscore(list_of(owner), now, "+inf")
        ]
        for (owner, key), record in zip(names, self._records(k for _, k in names), strict=True):
            if record is None:
                self._redis.zrem(list_of(owner), key)
            elif record.owner == owner:  # else it has just changed hands
                found.append(record)
        return found

    def _records(self, keys: Iterable[str]) -> Iterator[Record | None]:
        keys = list(keys)
        commands = [(command, name_of(key)) for key in keys for command in ("GET", "PTTL")]
        answers = self._redis.ask_all(commands) if commands else []
        for key, value, left in zip(keys, answers[::2], answers[1::2], strict=True):
            if isinstance(value, Exception) and "WRONGTYPE" not in str(value):
                raise value
            yield self._record(key, value, left) if isinstance(value, bytes) else None

    def _record(self, key: str, value: bytes, left: int) -> Record | None:
        now, limits = time.time(), self._settings
        # near its absolute limit it may have been seen later than its time to live tells
        seen = min(now, now - limits.idle_timeout + left / 1000)
        try:
            record = read_value(key, value, seen)
        except CorruptRecord:
            return None
        if isinstance(record, Record) and limits.in_time(now, record.created, seen):
            return record
        return None


def _stays(change: Change) -> bool:
    """Whether its name is on the list of the same owner, before and after."""
    if isinstance(change, Update):
        return change.old.version != ABSENT and change.old.owner == change.new.owner
    return isinstance(change, Touch)
