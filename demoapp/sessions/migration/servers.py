"""The new store, and behind it the old one for what the new one does not have."""

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from demoapp.sessions.interfaces import (
    ABSENT,
    Change,
    CorruptRecord,
    Delete,
    Ended,
    Record,
    SessionConflict,
    SessionError,
    Store,
    Touch,
    Update,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Moved(Record):
    """A record that is in the old store, or may be there as well. Version 0: only there."""

    lingers: float = 0.0  # type: ignore[misc]
    named: bool = True  # type: ignore[misc]
    source_version: int = ABSENT


class MigratingStore(Store):
    """Two stores that look like one. A session is moved by its next write.

    Its end is remembered in the new store for as long as the old one might still show it: so
    it does not rise again, though the old store may be down by then, or unable to delete.
    """

    def __init__(self, new: Store, old: Store, absolute_timeout: float) -> None:
        self._new = new
        self._old = old
        self._absolute_timeout = absolute_timeout
        self.in_sql_transaction = new.in_sql_transaction or old.in_sql_transaction

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | Ended | None:
        found = self._new.load(request, key, lock)
        if found is None:
            there = self._old.load(request, key)
            if isinstance(there, Record):
                there = self._here_too(there)
                return replace(there, version=ABSENT, source_version=there.version)
            # it may have been moved in between
            found = there or self._new.load(request, key, lock)
        return self._here_too(found) if isinstance(found, Record) else found

    def _here_too(self, record: Record) -> Moved:
        values = {name: getattr(record, name) for name in Record.__slots__}
        return Moved(**values, lingers=record.created + self._absolute_timeout, named=record.named)

    def write(self, request: Any, change: Change) -> None:
        moved = self._check_source(request, change)
        self._new.write(request, _for_new(change))
        if moved:
            end(self._old, request, moved.key)

    def delete(self, request: Any, key: str) -> None:
        self._new.delete(request, key)
        end(self._old, request, key)
        self._mark_ended(request, key)

    def _mark_ended(self, request: Any, key: str) -> None:
        """In case that the old store has it still, or that it is just being moved."""
        now = time.time()
        ended = Ended(key, 0.0, now + self._absolute_timeout)  # as good as unknown from now on
        gone = Delete(Record(key, "{}", ABSENT, now, now), ended, writer=secrets.token_hex(8))
        self._new.write(request, gone)

    # -- two steps

    def enlist(self, request: Any) -> None:
        self._new.enlist(request)
        self._old.enlist(request)

    def prepare(self, request: Any, change: Change) -> None:
        self._new.prepare(request, _for_new(change))
        moved = self._check_source(request, change)  # from here on nobody else moves it
        if moved and self._old.in_sql_transaction:
            end(self._old, request, moved.key)

    def commit(self, request: Any, change: Change) -> None:
        self._new.commit(request, _for_new(change))
        moved = _moved_by(change)
        if moved and not self._old.in_sql_transaction:
            end(self._old, request, moved.key)

    def withdraw(self, request: Any, change: Change) -> None:
        self._new.withdraw(request, _for_new(change))

    def release(self, request: Any, key: str, writer: str) -> None:
        self._new.release(request, key, writer)

    def _check_source(self, request: Any, change: Change) -> Moved | None:
        """A session that was logged out meanwhile must not come back by being moved."""
        moved = _moved_by(change)
        found = self._old.load(request, moved.key) if moved else None
        if moved and getattr(found, "version", ABSENT) != moved.source_version:
            raise SessionConflict("the session was changed where it was before")
        return moved

    # -- listing and upkeep

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        here = {record.key: record for record in self._new.owned_by(request, owner)}
        there = [r for r in self._old.owned_by(request, owner) if r.key not in here]
        left = [record for record in there if self._is_left(request, record.key)]
        return sorted([*here.values(), *left], key=lambda record: -record.last_seen)

    def _is_left(self, request: Any, key: str) -> bool:
        """Whether it goes on in the old store: what the new one has is moved, ended, or junk."""
        with suppress(CorruptRecord):
            return self._new.load(request, key) is None
        return False

    def ping(self, request: Any) -> None:
        self._new.ping(request)
        self._old.ping(request)

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        return _added_up(self._new.count(request), self._old.count(request))

    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]:
        return _added_up(self._new.purge(request, batch), self._old.purge(request, batch))


def end(old: Store, request: Any, key: str) -> None:
    """A session has left the old store: it need not stay there, if that can be helped."""
    try:
        old.delete(request, key)
    except SessionError as err:
        if old.in_sql_transaction:
            raise
        log.warning("session %s stays where it was as well: %s", key[:12], err)


def _moved_by(change: Change) -> Moved | None:
    """The record that leaves the old store by this change."""
    old = getattr(change, "old", None)
    return old if isinstance(old, Moved) and old.version == ABSENT else None


def _for_new(change: Change) -> Change:
    """What the new store is to do."""
    if isinstance(change, Touch) and (old := _moved_by(change)):
        seen = change.new.last_seen
        new = Record(old.key, old.data, 1, old.created, seen, old.owner, old.device)
        return Update(old, new, writer=change.writer)
    return change


def _added_up(*runs: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    before = 0
    for run in runs:
        done = 0
        for done, total in run:
            yield before + done, before + total
        before += done
