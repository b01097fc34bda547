"""`session.strategy = database`: sessions in a table beside the application's own.

A session is read and written inside the request's own SQL transaction, on its one connection:
so a cart and the order made of it are saved together or not at all.

A replay takes its turn and waits for it; a first attempt that finds it taken conflicts at once.
On PostgreSQL a turn is an advisory lock, which ends with the transaction. SQLite has one writer
for the whole file, and a turn is one among the threads of this process.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from zope.sqlalchemy import mark_changed
from zope.sqlalchemy.datamanager import join_transaction

from demoapp.sessions.database import host, table
from demoapp.sessions.database.errors import errors_told, is_conflict, is_spent
from demoapp.sessions.database.purge import purge
from demoapp.sessions.database.table import metadata as metadata
from demoapp.sessions.database.table import sessions as sessions
from demoapp.sessions.factory import at_the_start, install
from demoapp.sessions.ids import Ids
from demoapp.sessions.interfaces import (
    Change,
    Create,
    Ended,
    Record,
    SessionConflict,
    SessionStoreUnavailable,
    Store,
    Touch,
)
from demoapp.sessions.saving import failed
from demoapp.sessions.settings import SessionSettings
from demoapp.sessions.turns import Turns

log = logging.getLogger(__name__)
SOON, MANY = 5, 10_000
"""For so many seconds, and at most, it is remembered who has touched what."""


class DatabaseStore(Store):
    """Records in the `session` table."""

    in_sql_transaction = True

    def __init__(self, settings: SessionSettings) -> None:
        self._settings = settings
        self._ids = Ids(settings.secrets)
        self._turns = Turns(settings.wait_timeout)
        self._touches: dict[tuple[str, float, float], str] = {}

    def unharmed(self, request: Any) -> bool:
        # PostgreSQL answers whatever follows with an error, and COMMIT with ROLLBACK
        return bool(host.engine_of(request).dialect.name == "sqlite")

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | Ended | None:
        if lock and host.engine_of(request).dialect.name == "sqlite":
            self._turns.wait(key, lock)  # before a connection is taken away from the others
        try:
            return self._load(request, key, lock)
        except SessionStoreUnavailable as err:
            if not (failed(request) and is_spent(err.__cause__)):
                raise
            host.dbsession_of(request).rollback()  # it will be aborted, but for us it goes on
            return self._load(request, key, lock)

    def _load(self, request: Any, key: str, lock: str | None) -> Record | Ended | None:
        with self._connection(request) as connection:
            if lock:
                table.take_turn(connection, key, self._settings.wait_timeout)
            statement = table.LOAD_LOCKED if lock else table.LOAD
            row = connection.execute(statement, {"key": key}).first()
        return table.found(row) if row else None

    def write(self, request: Any, change: Change) -> None:
        if "tm.active" in request.environ:
            self.prepare(request, change)
        else:
            with self._connection(request) as connection:
                self._apply(connection, change)
        self.commit(request, change)

    def delete(self, request: Any, key: str) -> None:
        with self._connection(request) as connection:
            gone = connection.execute(table.DELETE, {"key": key}).rowcount
            if not gone and connection.execute(table.LOAD, {"key": key}).first():
                raise SessionConflict("it was just renewed or ended")
            if "tm.active" in request.environ:
                mark_changed(host.dbsession_of(request), request.tm)

    def enlist(self, request: Any) -> None:
        # zope.sqlalchemy cannot join once the commit has begun, which is when we write
        join_transaction(host.dbsession_of(request), transaction_manager=request.tm)

    def prepare(self, request: Any, change: Change) -> None:
        # its transaction is being committed: pyramid_tm has said so, by taking tm.active away
        with errors_told():
            if self._apply(host.connection_of(request), change):
                mark_changed(host.dbsession_of(request), request.tm)

    def commit(self, request: Any, change: Change) -> None:
        """The database has committed it with everything else, or has rolled it back."""
        if not isinstance(change, Create):
            self.release(request, change.old.key, change.writer)

    withdraw = commit

    def release(self, request: Any, key: str, writer: str) -> None:
        self._turns.release(key, writer)

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        now = time.time()
        with self._connection(request) as connection:
            records = table.owned(connection, self._ids.owners(owner))
        return [r for r in records if self._settings.in_time(now, r.created, r.last_seen)]

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        with self._connection(request) as connection:
            rows = connection.scalar(table.COUNT) or 0
        yield rows, rows

    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]:
        with errors_told():
            yield from purge(host.engine_of(request), sessions, self._settings.idle_timeout, batch)

    @contextmanager
    def _connection(self, request: Any) -> Iterator[Connection]:
        """The request's own, in exception views too; outside a transaction one for the moment."""
        with errors_told():
            if "tm.active" in request.environ:
                yield host.connection_of(request)
            else:
                with host.engine_of(request).begin() as connection:
                    yield connection

    def _apply(self, connection: Connection, change: Change) -> bool:
        """Returns whether anything was sent."""
        if isinstance(change, Touch):
            return self._touch(connection, change)
        rows = table.rows_of(change)
        if not isinstance(change, Create):
            self._turns.check(change.old.key, change.writer)
            table.replace(connection, change.old, rows)
        if rows:
            connection.execute(table.INSERT, rows)
        return True

    def _touch(self, connection: Connection, change: Touch) -> bool:
        """Once, however many requests come at the same moment; it waits for no other."""
        old, now = change.old, change.new.last_seen
        if len(self._touches) > MANY:
            self._touches.clear()
        once = (old.key, old.last_seen, now // SOON)
        if self._touches.setdefault(once, change.writer) != change.writer:
            return False
        values = {"old_key": old.key, "seen": now}
        try:
            if connection.execute(table.TOUCH, values).rowcount == 0:
                log.warning("a touch was given up: another request holds the session")
        except OperationalError as err:
            if connection.dialect.name != "sqlite" or not is_conflict(err):
                raise
            log.warning("a touch was given up: %s", err.orig)  # the transaction goes on
        return True


def make_store(config: Any, ours: SessionSettings) -> DatabaseStore:
    at_the_start(config.registry, host.check)
    return DatabaseStore(ours)


def includeme(config: Any) -> None:
    ours: SessionSettings = config.registry["session.settings"]
    install(config, make_store(config, ours), ours)
