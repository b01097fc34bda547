"""`session.strategy = database`: sessions in a table beside the shop's own.

A session is read and written inside the request's own SQL transaction, so that a cart and the
order made of it are saved together or not at all. It asks for `request.dbsession`, joined to
`request.tm` by zope.sqlalchemy, and for the one table below. PostgreSQL and SQLite are tested.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from zope.sqlalchemy import mark_changed
from zope.sqlalchemy.datamanager import join_transaction

from demoapp.sessions.database_errors import TABLE, errors_told
from demoapp.sessions.interfaces import (
    ABSENT,
    FORMAT,
    Change,
    CorruptRecord,
    Record,
    SessionConflict,
    believed,
)
from demoapp.sessions.purge import purge
from demoapp.sessions.session import install
from demoapp.sessions.settings import SessionSettings
from demoapp.sessions.timing import trip
from demoapp.sessions.transaction import in_transaction

metadata = MetaData()
"""Of the session layer alone: an application adds it to its migrations' target_metadata."""

sessions = Table(
    TABLE,
    metadata,
    Column("key", String(64), primary_key=True),
    Column("format", SmallInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("owner", String(64)),
    Column("device", String(80), nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_session_owner", "owner"),
    Index("ix_session_last_seen", "last_seen"),
)

LOCK_SECONDS = 1.5
"""How long a replay waits for its turn on PostgreSQL; on SQLite busy_timeout says it."""

_LOAD = select(sessions).where(sessions.c.key == bindparam("key"))
_LOAD_LOCKED = _LOAD.with_for_update()
_INSERT = insert(sessions)
_STILL_THERE = (sessions.c.key == bindparam("old_key"), sessions.c.version == bindparam("read"))
_UPDATE = (
    update(sessions)
    .where(*_STILL_THERE)
    .values({name: bindparam(name) for name in sessions.c.keys()})  # noqa: SIM118
)
_DELETE = delete(sessions).where(*_STILL_THERE)
_TOUCH = (
    update(sessions)
    .where(sessions.c.key == bindparam("old_key"))
    .values(last_seen=bindparam("last_seen"))
)


class DatabaseStore:
    """Records in the `session` table."""

    def __init__(self, idle_timeout: float, absolute_timeout: float) -> None:
        self._idle_timeout = idle_timeout
        self._absolute_timeout = absolute_timeout

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | None:
        with self._connection(request) as connection:
            if lock:
                _begin_writing(connection)
            statement = _LOAD_LOCKED if lock else _LOAD
            row = _send(connection, statement, {"key": key}).first()
        return _record(row) if row is not None else None

    def enlist(self, request: Any) -> None:
        # zope.sqlalchemy cannot join once the commit has begun, which is when we write
        join_transaction(request.dbsession, transaction_manager=request.tm)

    def write(self, request: Any, change: Change) -> None:
        with errors_told(), request.dbsession.get_bind().begin() as connection:
            self._apply(connection, change)

    def prepare(self, request: Any, change: Change) -> None:
        with errors_told():
            self._apply(request.dbsession.connection(), change)
            mark_changed(request.dbsession, request.tm)

    def _apply(self, connection: Connection, change: Change) -> None:
        old, new = change.old, change.new
        if old is None or old.version == ABSENT:
            if new:
                _send(connection, _INSERT, _row(new))
            return
        which = {"old_key": old.key, "read": old.version}
        if change.only_touches:
            _send(connection, _TOUCH, {"old_key": old.key, "last_seen": change.new.last_seen})  # type: ignore[union-attr]
            return
        if new is None:
            result = _send(connection, _DELETE, which)
        else:
            result = _send(connection, _UPDATE, {**which, **_row(new)})
        if result.rowcount != 1:
            raise SessionConflict("the session was changed by another request")

    def commit(self, request: Any, change: Change) -> None:
        """The database has committed it with everything else."""

    def withdraw(self, request: Any, change: Change) -> None:
        """The database rolls back."""

    def release(self, request: Any, key: str, writer: str) -> None:
        """The end of the SQL transaction does."""

    def delete(self, request: Any, key: str) -> None:
        with self._connection(request, writing=True) as connection:
            connection.execute(delete(sessions).where(sessions.c.key == key))

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        now = time.time()
        query = (
            select(sessions)
            .where(
                sessions.c.owner == owner,
                sessions.c.last_seen > now - self._idle_timeout,
                sessions.c.created > now - self._absolute_timeout,
            )
            .order_by(sessions.c.last_seen.desc())
        )
        with self._connection(request) as connection:
            return list(_readable(connection.execute(query)))

    def ping(self, request: Any) -> None:
        with self._connection(request) as connection:
            connection.execute(select(sessions.c.key).limit(1))

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        with self._connection(request) as connection:
            rows = connection.scalar(select(func.count()).select_from(sessions)) or 0
        yield rows, rows

    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]:
        with errors_told():
            yield from purge(request.dbsession.get_bind(), sessions, self._idle_timeout, batch)

    @contextmanager
    def _connection(self, request: Any, writing: bool = False) -> Iterator[Connection]:
        """The request's own connection; outside its transaction, one for the moment.

        So too in an exception view: its error may have left the request's own unusable.
        """
        with errors_told():
            if in_transaction(request):
                if writing:
                    mark_changed(request.dbsession, request.tm)
                yield request.dbsession.connection()
            else:
                with request.dbsession.get_bind().begin() as connection:
                    yield connection


def _send(connection: Connection, statement: Any, values: dict[str, Any]) -> Any:
    trip()
    return connection.execute(statement, values)


def _begin_writing(connection: Connection) -> None:
    """Make sure that the wait for the lock ends; on SQLite, which has no FOR UPDATE, take it."""
    if connection.dialect.name == "postgresql":
        trip()
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_SECONDS * 1000:.0f}")
    else:
        driver: Any = connection.connection.dbapi_connection
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def _row(record: Record) -> dict[str, Any]:
    return {
        "key": record.key,
        "format": FORMAT,
        "version": record.version,
        "created": record.created,
        "last_seen": record.last_seen,
        "owner": record.owner,
        "device": record.device,
        "data": record.data,
    }


def _record(row: Any) -> Record:
    if row.format != FORMAT:
        raise CorruptRecord("it was written by another release")
    return believed(
        Record(row.key, row.data, row.version, row.created, row.last_seen, row.owner, row.device)
    )


def _readable(rows: Iterable[Any]) -> Iterator[Record]:
    for row in rows:
        with suppress(CorruptRecord):
            yield _record(row)


def make_store(settings: Mapping[str, Any], ours: SessionSettings) -> DatabaseStore:
    return DatabaseStore(ours.idle_timeout, ours.absolute_timeout)


def includeme(config: Any) -> None:
    ours: SessionSettings = config.registry["session.settings"]
    install(config, make_store(config.registry.settings, ours), ours)
