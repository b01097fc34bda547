"""`session.migrate_from` where one of the two strategies keeps its sessions in cookies."""

import logging
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from pyramid.request import Request
from transaction.interfaces import ISavepointDataManager
from zope.interface import implementer

from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.interfaces import (
    CorruptRecord,
    Record,
    SessionError,
    SessionNotSerializable,
    SessionStore,
    key_of,
)
from demoapp.sessions.settings import SessionSettings
from demoapp.sessions.text import read, write
from demoapp.sessions.transaction import Savepoint

log = logging.getLogger(__name__)


class CookieSource:
    """Sessions that are in cookies, read by the factory that has signed them."""

    def __init__(self, factory: Callable[[Any], Any]) -> None:
        self._factory = factory

    def key(self, request: Any) -> str | None:
        """A name for the session in the request's cookie, the same for every copy of it."""
        session = self._session(request)
        if session.new:
            return None
        # a signed cookie has no id, but microseconds; pyramid_session_redis has whole seconds
        name = f"{session.created!r} {getattr(session, 'session_id', '')}"
        return sha256(name.encode()).hexdigest()

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
            data = write(dict(session))
        except SessionNotSerializable as err:
            raise CorruptRecord(str(err)) from err
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


def adopting(config: Any, factory: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The factory of `custom`; a session it does not know is taken from the old store."""
    ours: SessionSettings = config.registry["session.settings"]
    module = config.maybe_dotted(f"demoapp.sessions.{ours.migrate_from}")
    old: SessionStore = module.make_store(config.registry.settings, ours)
    cookie = SessionCookie(ours.cookie_name, ours.cookie_secure)

    def session_factory(request: Any) -> Any:
        session = factory(request)
        key = key_of(cookie.read(request) or "") if session.new else None
        try:
            record = old.load(request, key) if key else None
            data = read(record.data) if record else {}
        except CorruptRecord as err:
            log.warning("session %s is replaced by a fresh one: %s", (key or "")[:12], err)
            return session
        if key and record and ours.in_time(time.time(), record.created, record.last_seen):
            # past its own methods: it is not changed yet, so nothing is sent before it is
            dict.update(session, data)
            session.created, session.new = record.created, False
            if request.environ.get("tm.active"):
                old.enlist(request)
                request.tm.get().join(_Departure(request, session, old, key))
        return session

    return session_factory


@implementer(ISavepointDataManager)
class _Departure:
    """Deletes the old record with the transaction whose answer carries the session away."""

    def __init__(self, request: Any, session: Any, old: SessionStore, key: str) -> None:
        self.transaction_manager = request.tm
        self._request, self._session, self._old, self._key = request, session, old, key

    def sortKey(self) -> str:  # noqa: N802 - the name is IDataManager's
        return "session"

    def savepoint(self) -> Savepoint:
        """There is no way back, as in every session of `custom`."""
        return Savepoint(lambda: None)

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
