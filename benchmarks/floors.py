"""The least that a session kept in a store can cost: one command to read it, one to write it.

Same application, same driver, and saved with the request's transaction; no version, lock, limit
or signature. What nobody gets below here, no guarantee forbids: the driver and the transaction do.
"""

import json
import secrets
from collections.abc import Callable
from typing import Any

import redis
import zope.sqlalchemy
from sqlalchemy import text

COOKIE = "least"


class Store:
    """Sessions in memory. The other stores load and save elsewhere."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def enlist(self, request: Any) -> None:
        """The request is going to save something."""

    def load(self, request: Any, key: str) -> str | None:
        return self._texts.get(key)

    def save(self, request: Any, key: str, data: str) -> None:
        self._texts[key] = data


class RedisStore(Store):
    def __init__(self, url: str) -> None:
        self._client: Any = redis.Redis.from_url(url, decode_responses=True, protocol=2)

    def load(self, request: Any, key: str) -> str | None:
        return self._client.get(key)  # type: ignore[no-any-return]

    def save(self, request: Any, key: str, data: str) -> None:
        self._client.set(key, data, ex=1200)


class SqlStore(Store):
    """In the request's own SQLAlchemy session, as `database` is."""

    TABLE = text("CREATE TABLE IF NOT EXISTS least (key VARCHAR(64) PRIMARY KEY, data TEXT)")
    LOAD = text("SELECT data FROM least WHERE key = :key")
    SAVE = text(
        "INSERT INTO least (key, data) VALUES (:key, :data) "
        "ON CONFLICT (key) DO UPDATE SET data = excluded.data"
    )

    def __init__(self, engine: Any) -> None:
        with engine.begin() as connection:
            connection.execute(self.TABLE)

    def enlist(self, request: Any) -> None:
        request.dbsession.connection()  # nobody can join a transaction that is being committed
        zope.sqlalchemy.mark_changed(request.dbsession)

    def load(self, request: Any, key: str) -> str | None:
        return request.dbsession.scalar(self.LOAD, {"key": key})  # type: ignore[no-any-return]

    def save(self, request: Any, key: str, data: str) -> None:
        request.dbsession.execute(self.SAVE, {"key": key, "data": data})


class Least(dict[str, Any]):
    """A session, and the participant in the transaction that saves it."""

    transaction_manager = None

    def __init__(self, request: Any, store: Store) -> None:
        self._request, self._store, self._joined = request, store, False
        self._key = request.cookies.get(COOKIE, "")
        found = store.load(request, self._key) if self._key else None
        super().__init__(json.loads(found) if found else {})

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if not self._key:
            self._key = secrets.token_urlsafe(32)
            self._request.add_response_callback(self._send)
        if not self._joined:
            self._joined = True
            self._store.enlist(self._request)
            self._request.tm.get().join(self)

    def _send(self, request: Any, response: Any) -> None:
        response.set_cookie(COOKIE, self._key, httponly=True, samesite="Lax")

    def sortKey(self) -> str:  # noqa: N802 - the name is IDataManager's
        return "session"

    def commit(self, transaction: Any) -> None:
        self._store.save(self._request, self._key, json.dumps(self, separators=(",", ":")))

    def _nothing(self, transaction: Any) -> None:
        """There is no second step to a single command."""

    abort = tpc_begin = tpc_vote = tpc_finish = tpc_abort = _nothing


def install(config: Any, store: Store) -> None:
    factory: Callable[[Any], Any] = lambda request: Least(request, store)  # noqa: E731
    config.set_session_factory(factory)
