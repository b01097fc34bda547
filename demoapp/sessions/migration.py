"""`session.migrate_from`: visitors keep cart and login when the strategy is changed.

Sessions of the strategy that was used before are still read, and moved by their visitor's next
write. Whoever was away for longer than the idle limit would be logged out anyway; so after
that time the line can go.

- server to server: :class:`MigratingStore`, two stores that look like one;
- signed cookie to server: the same, with :class:`CookieSource` in the place of the old store;
- server to signed cookie: :func:`adopting`, around the session factory.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Protocol

from pyramid.request import Request
from transaction.interfaces import IDataManager
from zope.interface import implementer

from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.interfaces import (
    Change,
    CorruptRecord,
    Record,
    SessionConflict,
    SessionError,
    SessionStore,
    key_of,
)
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


class CookieSource:
    """Sessions that are in cookies, read by the factory that has signed them."""

    def __init__(self, factory: Callable[[Any], Any]) -> None:
        self._factory = factory

    def key(self, request: Any) -> str | None:
        """A name for the session in the request's cookie, the same for every copy of it."""
        session = self._session(request)
        return None if session.new else sha256(f"{session.created!r}".encode()).hexdigest()

    def _session(self, request: Any) -> Any:
        # of a copy: what the old factory wants to tell the browser must not be told
        aside = Request(dict(request.environ))
        aside.registry = request.registry
        aside.environ.pop("tm.active", None)
        return self._factory(aside)

    def load(self, request: Any, key: str) -> Record | None:
        if key != self.key(request):
            return None
        session = self._session(request)
        try:
            data = json.dumps(dict(session), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as err:
            raise CorruptRecord("it holds what JSON cannot") from err
        seen = float(getattr(session, "renewed", session.created))
        return Record(key, data, 1, float(session.created), seen)

    def delete(self, request: Any, key: str) -> None:
        """A cookie cannot be deleted in its copies; the mark in the new store voids them."""

    def enlist(self, request: Any) -> None:
        """Nothing to do."""

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        return []

    def ping(self, request: Any) -> None:
        """Nothing to reach."""

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        return iter(())

    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]:
        return iter(())


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


def adopting(config: Any, factory: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The factory of `custom`; a session it does not know is taken from the old store."""
    ours: SessionSettings = config.registry["session.settings"]
    module = config.maybe_dotted(f"demoapp.sessions.{ours.migrate_from}")
    old: SessionStore = module.make_store(config.registry.settings, ours)
    cookie = SessionCookie(ours.cookie_name, ours.cookie_secure)

    def session_factory(request: Any) -> Any:
        session = factory(request)
        key = key_of(cookie.read(request) or "") if session.new else None
        record = old.load(request, key) if key else None
        if key and record and ours.in_time(time.time(), record.created, record.last_seen):
            # past its own methods: it is not changed yet, so nothing is sent before it is
            dict.update(session, json.loads(record.data))
            session.created, session.new = record.created, False
            if request.environ.get("tm.active"):
                old.enlist(request)
                request.tm.get().join(_Departure(request, session, old, key))
        return session

    return session_factory


@implementer(IDataManager)
class _Departure:
    """Deletes the old record with the transaction whose answer carries the session away."""

    def __init__(self, request: Any, session: Any, old: SessionStore, key: str) -> None:
        self.transaction_manager = request.tm
        self._request, self._session, self._old, self._key = request, session, old, key

    def sortKey(self) -> str:  # noqa: N802 - the name is IDataManager's
        return "session"

    def abort(self, transaction: Any) -> None:
        """Nothing was done that would have to be undone."""

    tpc_begin = commit = tpc_vote = tpc_abort = abort

    def tpc_finish(self, transaction: Any) -> None:
        if not self._session._dirty:  # has no public name
            return
        try:
            self._old.delete(self._request, self._key)
        except SessionError as err:
            log.warning("session %s stays where it was as well: %s", self._key[:12], err)
