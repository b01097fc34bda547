"""The list of one user's sessions: their keys, each with the time when it is over at the latest.

A name is on it before its session is in use, and off it after the session has ended. What goes
wrong in between, or ends by itself, leaves a name that leads nowhere: it goes at that time.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from redis import RedisError

from demoapp.sessions.interfaces import ABSENT, Change, CorruptRecord, Record
from demoapp.sessions.redis.client import Script
from demoapp.sessions.redis.format import list_of, name_of, read_value
from demoapp.sessions.settings import SessionSettings

_ADD = """
-- KEYS list; ARGV key, when it is over, now, the list's milliseconds to live
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
"""


class Lists:
    """All of them."""

    def __init__(self, redis: Any, settings: SessionSettings) -> None:
        self._redis = redis
        self._settings = settings
        self._add = Script(redis, _ADD)

    def foresee(self, change: Change) -> None:
        """Add the name that the change will add."""
        new = _name(getattr(change, "new", None))
        if new and new != _name(getattr(change, "old", None)):
            owner, key, created = new
            limit = self._settings.absolute_timeout
            self._add([list_of(owner)], [key, created + limit, time.time(), int(limit * 1000)])

    def follow(self, change: Change) -> None:
        """Drop the name that the change has dropped. It is done, so this may fail."""
        old = _name(getattr(change, "old", None))
        if old and old != _name(getattr(change, "new", None)):
            with suppress(RedisError):
                self._redis.zrem(list_of(old[0]), old[1])

    def read(self, owners: Iterable[str]) -> list[Record]:
        """In one round trip for each owner, and one for all records."""
        names = [
            (owner, key.decode())
            for owner in owners
            for key in self._redis.zrangebyscore(list_of(owner), time.time(), "+inf")
        ]
        commands = [(command, name_of(key)) for _, key in names for command in ("GET", "PTTL")]
        answers = self._redis.ask_all(commands) if commands else []
        found = []
        for (owner, key), value, left in zip(names, answers[::2], answers[1::2], strict=True):
            record = self._record(key, value, left)
            if record and record.owner == owner:  # else it has just changed hands
                found.append(record)
        return found

    def _record(self, key: str, value: Any, left: int) -> Record | None:
        if isinstance(value, Exception) and "WRONGTYPE" not in str(value):
            raise value
        now, limits = time.time(), self._settings
        # near its absolute limit it may have been seen later than its time to live tells
        seen = min(now, now - limits.idle_timeout + left / 1000)
        with suppress(CorruptRecord):
            record = read_value(key, value, seen) if isinstance(value, bytes) else None
            if isinstance(record, Record) and limits.in_time(now, record.created, seen):
                return record
        return None


def _name(record: Record | None) -> tuple[str, str, float] | None:
    """Owner, key, and when it was begun; None if it is on no list, as where it is just moved."""
    if record is None or record.owner is None or record.version == ABSENT:
        return None
    return record.owner, record.key, record.created
