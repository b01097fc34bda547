"""`session.migrate_from` where one of the two strategies keeps its sessions in cookies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from pyramid.request import Request

from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.ids import Ids
from demoapp.sessions.interfaces import (
    Change,
    CorruptRecord,
    Record,
    SessionNotSerializable,
    SessionStoreUnavailable,
    Store,
)
from demoapp.sessions.migration.servers import end
from demoapp.sessions.text import write


class CookieSource(Store):
    """Sessions that are in cookies, read by the factory that has made them.

    They cannot be ended in their copies; that they have ended is known to the new store.
    """

    def __init__(self, factory: Callable[[Any], Any]) -> None:
        self._factory = factory

    def names(self, request: Any) -> list[str]:
        """What the request's session is told from others by, the same for every copy of it."""
        with _errors_told():
            session = self._session(request)
            if session.new:
                return []
            # a signed cookie has no id, but microseconds; pyramid_session_redis has whole seconds
            return [f"{session.created!r} {getattr(session, 'session_id', '')}"]

    def keys(self, request: Any, name: str) -> list[str]:
        return [_key(name)] if name in self.names(request) else []

    def _session(self, request: Any) -> Any:
        # of a copy: what the old factory wants to tell the browser must not be told
        aside = Request(dict(request.environ))
        aside.registry = request.registry
        aside.environ.pop("tm.active", None)
        return self._factory(aside)

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | None:
        if key not in map(_key, self.names(request)):
            return None
        with _errors_told():
            session = self._session(request)
            data = write(dict(session))
        seen = float(getattr(session, "renewed", session.created))
        return Unnamed(key, data, 1, float(session.created), seen)

    def write(self, request: Any, change: Change) -> None:
        """Nothing is put there any more."""

    def delete(self, request: Any, key: str) -> None:
        """See above."""

    def ping(self, request: Any) -> None:
        """There is nothing to reach."""


@contextmanager
def _errors_told() -> Iterator[None]:
    """The old factory may be anybody's, over a server of its own: so may be its errors."""
    try:
        yield
    except SessionNotSerializable as err:
        raise CorruptRecord(str(err)) from err
    except Exception as err:
        raise SessionStoreUnavailable(f"where sessions were before: {err}") from err


class Unnamed(Record):
    """The cookie holds no id of ours: its next write gives it one."""

    __slots__ = ()
    named = False


def _key(name: str) -> str:
    return sha256(name.encode()).hexdigest()


class BothCookies(SessionCookie):
    """Ours; and the session that the old factory finds, wherever it looks."""

    def __init__(self, name: str, secure: bool | None, source: CookieSource) -> None:
        super().__init__(name, secure)
        self._source = source

    def values(self, request: Any) -> list[str]:
        return [*super().values(request), *self._source.names(request)]


class LeavingStore(Store):
    """What is in no cookie yet is looked for in the old store, and ended there when it is."""

    def __init__(self, cookies: Store, old: Store, ids: Ids) -> None:
        self._cookies = cookies
        self._old = old
        self._ids = ids
        self.in_sql_transaction = old.in_sql_transaction

    def load(self, request: Any, key: str, lock: str | None = None) -> Any:
        found = self._cookies.load(request, key)
        stored = (self._old.load(request, stored) for stored in self._ids.keys(request, key))
        return found or next(filter(None, stored), None)

    def enlist(self, request: Any) -> None:
        self._old.enlist(request)

    def write(self, request: Any, change: Change) -> None:
        old = getattr(change, "old", None)
        if old and old.version and not self._cookies.load(request, old.key):
            end(self._old, request, old.key)

    def prepare(self, request: Any, change: Change) -> None:
        if self.in_sql_transaction:
            self.write(request, change)

    def commit(self, request: Any, change: Change) -> None:
        if not self.in_sql_transaction:
            self.write(request, change)

    def delete(self, request: Any, key: str) -> None:
        self._cookies.delete(request, key)
