"""`session.migrate_from`: visitors keep cart and login when the strategy is changed.

Sessions of the strategy that was used before are still read, and moved by their visitor's next
write. Whoever was away for longer than the idle limit would be logged out anyway; so after
that time the line can go.

- server to server: :class:`MigratingStore`, two stores that look like one;
- signed cookie to server: the same, with :class:`CookieSource` in the place of the old store;
- server to signed cookie: :func:`adopting`, around the session factory.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from demoapp.sessions.interfaces import (
    Change,
    Record,
    SessionConflict,
    SessionError,
    SessionStore,
    key_of,
)
from demoapp.sessions.migration_cookies import CookieSource
from demoapp.sessions.settings import SessionSettings

log = logging.getLogger(__name__)

GONE = "moved"
"""The device of a record that only says: this session was moved, and its old cookie is void."""


Identify = Callable[[Any, str], str | None]
"""(request, value of the cookie) -> the key of the session's record, if there can be one."""


def by_id(request: Any, value: str) -> str | None:
    """The cookie holds an id of ours, or nothing that can be looked for."""
    return key_of(value)


class Source(Protocol):
    """What is asked of the strategy that was used before; every store has it."""

    def load(self, request: Any, key: str) -> Record | None: ...
    def delete(self, request: Any, key: str) -> None: ...
    def enlist(self, request: Any) -> None: ...
    def owned_by(self, request: Any, owner: str) -> list[Record]: ...
    def ping(self, request: Any) -> None: ...
    def count(self, request: Any) -> Iterator[tuple[int, int]]: ...
    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]: ...


@dataclass(frozen=True, slots=True)
class Moved(Record):
    """A record that is still with the old strategy. In the new store it has version 0: none."""

    source_version: int = 0


class MigratingStore:
    """The new store, and behind it the old one for what the new one does not have."""

    def __init__(self, new: SessionStore, old: Source) -> None:
        self._new = new
        self._old = old

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | None:
        record = self._new.load(request, key, lock)
        if record is None and (found := self._old.load(request, key)):
            return _moved(found)
        if record is None or record.device != GONE:
            return record
        if lock:  # another request of this visitor was faster, and brings the new cookie
            raise SessionConflict("the session was moved a moment ago")
        return None

    def enlist(self, request: Any) -> None:
        self._new.enlist(request)
        self._old.enlist(request)

    def write(self, request: Any, change: Change) -> None:
        if isinstance(change.old, Moved):
            self._check_source(request, change.old)
        for part in _parts(change):
            self._new.write(request, part)
        self._clear_source(request, change)

    def prepare(self, request: Any, change: Change) -> None:
        for part in _parts(change):
            self._new.prepare(request, part)
        if isinstance(change.old, Moved):  # after the new store holds it: now nobody else moves it
            self._check_source(request, change.old)

    def commit(self, request: Any, change: Change) -> None:
        for part in _parts(change):
            self._new.commit(request, part)
        self._clear_source(request, change)

    def withdraw(self, request: Any, change: Change) -> None:
        for part in _parts(change):
            self._new.withdraw(request, part)

    def release(self, request: Any, key: str, writer: str) -> None:
        self._new.release(request, key, writer)

    def delete(self, request: Any, key: str) -> None:
        self._new.delete(request, key)
        self._old.delete(request, key)

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        here = {r.key: r for r in self._new.owned_by(request, owner)}
        there = {r.key: r for r in self._old.owned_by(request, owner)}
        return sorted({**there, **here}.values(), key=lambda record: -record.last_seen)

    def ping(self, request: Any) -> None:
        self._new.ping(request)
        self._old.ping(request)

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        return _added_up(self._new.count(request), self._old.count(request))

    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]:
        return _added_up(self._new.purge(request, batch), self._old.purge(request, batch))

    def _check_source(self, request: Any, moved: Moved) -> None:
        """A session that was logged out meanwhile must not come back by being moved."""
        found = self._old.load(request, moved.key)
        if found is None or found.version != moved.source_version:
            raise SessionConflict("the session was changed where it was before")

    def _clear_source(self, request: Any, change: Change) -> None:
        """Moved or ended: in both cases the old place must not keep it."""
        old = change.old
        if old is None or not (isinstance(old, Moved) or change.new is None or change.rotates):
            return
        try:
            self._old.delete(request, old.key)
        except SessionError as err:
            log.warning("session %s stays where it was as well: %s", old.handle, err)


def _added_up(*runs: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    before = 0
    for run in runs:
        done = 0
        for done, total in run:
            yield before + done, before + total
        before += done


def _moved(found: Record) -> Moved:
    return Moved(
        found.key,
        found.data,
        0,
        found.created,
        found.last_seen,
        found.owner,
        found.device,
        found.version,
    )


def _plain(record: Record) -> Record:
    """The same without its origin, in the first version that the new store has of it."""
    return Record(
        record.key,
        record.data,
        1,
        record.created,
        record.last_seen,
        record.owner,
        record.device,
    )


def _parts(change: Change) -> list[Change]:
    """What the new store has to do for a change. A moved session leaves a mark under its old key.

    Two requests that move the same session both want to create that key, so one of them
    conflicts; and with the mark in its place an old cookie leads nowhere.
    """
    old, new = change.old, change.new
    if not isinstance(old, Moved):
        return [change]
    if new and not change.rotates:
        return [replace(change, new=_plain(new))]
    gone = Record(old.key, "{}", 1, old.created, (new or old).last_seen, None, GONE)
    created = [Change(None, _plain(new), change.writer)] if new else []
    return [replace(change, new=gone), *created]


def in_front_of_the_old(
    config: Any, new: SessionStore, ours: SessionSettings
) -> tuple[SessionStore, Identify]:
    """The new store with that of `session.migrate_from` behind it, and how to find a record."""
    module = config.maybe_dotted(f"demoapp.sessions.{ours.migrate_from}")
    if ours.migrate_from != "custom":
        return MigratingStore(new, module.make_store(config.registry.settings, ours)), by_id
    cookies = CookieSource(module.make_factory(config))
    identify: Identify = lambda request, value: key_of(value) or cookies.key(request)  # noqa: E731
    return MigratingStore(new, cookies), identify
