"""The one table, what its rows hold, and the statements that are sent to it, each built once."""

import logging
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from demoapp.sessions.database.errors import errors_told
from demoapp.sessions.interfaces import (
    ABSENT,
    FORMAT,
    Change,
    CorruptRecord,
    Ended,
    Record,
    SessionConflict,
    believed,
)

log = logging.getLogger(__name__)
ENDED = 0
"""The format of a row that holds an Ended: see `rows_of`."""
metadata = sa.MetaData()
"""Of the session layer alone: an application adds it to its migrations' target_metadata."""

# No index on last_seen: PostgreSQL then touches a row in its place, and leaves the indexes alone.
sessions = sa.Table(
    "session",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("format", sa.SmallInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("last_seen", sa.Double, nullable=False),
    sa.Column("owner", sa.String(64), index=True),
    sa.Column("device", sa.String(80), nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)
_c = sessions.c
_old, _seen = _c.key == bindparam("old_key"), bindparam("seen", type_=sa.Double)

_ROW = sa.select(_c.format, *(_c[name] for name in Record.__slots__))
LOAD = _ROW.where(_c.key == bindparam("key"))
LOAD_LOCKED = LOAD.with_for_update()  # SQLite has no such thing, and gets LOAD
INSERT = sa.insert(sessions)
_values: dict[str, Any] = {column.name: bindparam(column.name) for column in _c}
_UPDATE = sa.update(sessions).where(_old, _c.version == bindparam("read")).values(_values)
_in_turn = sa.func.pg_try_advisory_xact_lock(bindparam("turn"))
_REPLACE = {"postgresql": _UPDATE.where(_in_turn), "sqlite": _UPDATE}
_free = sa.select(_c.key).where(_old).with_for_update(skip_locked=True)
_is_free = _c.key == _free.correlate(None).scalar_subquery()
_latest = sa.case((_c.last_seen < _seen, _seen), else_=_c.last_seen)
TOUCH = sa.update(sessions).where(_is_free).values(last_seen=_latest)
DELETE = sa.delete(sessions).where(_c.key == bindparam("key"), _c.format != ENDED)
_FORGET = sa.delete(sessions).where(_old, _c.format == ENDED, _c.last_seen <= _seen)
_is_owned, _latest_first = _c.owner.in_(bindparam("owners")), _c.last_seen.desc()
_OWNED = _ROW.where(_is_owned).order_by(_latest_first)
_row_number: Any = sa.literal_column("rowid")
_OWNED_NUMBERS = (
    sa.select(_row_number).select_from(sessions).where(_is_owned).order_by(_latest_first)
)
_NUMBERED = _ROW.where(_row_number == bindparam("number"))
COUNT = sa.select(sa.func.count()).select_from(sessions).where(_c.format != ENDED)

_TURN = {
    # A locked table is found out before the turn, so that many do not wait for it one by one.
    # The application's own time-outs are put aside meanwhile, and back.
    "postgresql": """
        LOCK TABLE session IN ROW EXCLUSIVE MODE;
        SELECT set_config('turn.lock', current_setting('lock_timeout'), true),
            set_config('turn.statement', current_setting('statement_timeout'), true);
        SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = {milliseconds:.0f};
        SELECT pg_advisory_xact_lock({turn});
        SELECT set_config('lock_timeout', current_setting('turn.lock'), true),
            set_config('statement_timeout', current_setting('turn.statement'), true)""",
    # Changes nothing, but the transaction is a writing one from here on, whoever has begun it.
    "sqlite": "UPDATE session SET version = version WHERE key = ''",
}
_MOST = 2**31 - 1
"""Milliseconds of a time-out of PostgreSQL."""


def take_turn(connection: sa.Connection, key: str, seconds: float) -> None:
    command, milliseconds = _TURN[connection.dialect.name], min(seconds * 1000, _MOST)
    connection.exec_driver_sql(command.format(turn=_turn(key), milliseconds=milliseconds))


def _turn(key: str) -> int:
    """The key as PostgreSQL's advisory locks want one: 64 bits, signed."""
    return int(key[:16], 16) - 2**63


def replace(connection: sa.Connection, old: Record, rows: list[dict[str, Any]]) -> None:
    """Put the first row in the place of the old record; where none was, see that none is left."""
    which = {"old_key": old.key, "read": old.version, "turn": _turn(old.key), "seen": time.time()}
    if old.version == ABSENT:
        connection.execute(_FORGET, which)
    elif connection.execute(_REPLACE[connection.dialect.name], which | rows.pop(0)).rowcount != 1:
        raise SessionConflict("another request holds this session, or has changed it")


def rows_of(change: Change) -> list[dict[str, Any]]:
    """What is to be stored, and first what takes the place of the old row."""
    rows = []
    if ended := getattr(change, "ended", None):
        left = Record(ended.key, ended.successor, 0, ended.since, ended.until, None, ended.writer)
        rows.append(_row(ENDED, left))
    if new := getattr(change, "new", None):
        rows.append(_row(FORMAT, new))
    return rows


def _row(layout: int, record: Record) -> dict[str, Any]:
    return {"format": layout} | {name: getattr(record, name) for name in Record.__slots__}


def found(row: Any) -> Record | Ended:
    """What a row holds. Raises CorruptRecord."""
    layout, *values = row
    kept = Record(*values)
    if layout == ENDED:
        return believed(Ended(kept.key, kept.created, kept.last_seen, kept.data, kept.device))
    if layout != FORMAT:
        raise CorruptRecord("it was written by another release")
    return believed(kept)


def owned(connection: sa.Connection, owners: list[str]) -> list[Record]:
    """A user's sessions, latest first; one that cannot be read hides none of the others.

    SQLite takes any bytes as text, and then gives no row at all if those of one are not UTF-8:
    so there each is asked for by itself.
    """
    sqlite = connection.dialect.name == "sqlite"
    rows = connection.execute(_OWNED_NUMBERS if sqlite else _OWNED, {"owners": owners})
    records = []
    for row in rows.all():
        try:
            records.append(found(_numbered(connection, row.rowid) if sqlite else row))
        except CorruptRecord as err:
            log.warning("a session cannot be read, and is not listed: %s", err)
    return [record for record in records if isinstance(record, Record)]


def _numbered(connection: sa.Connection, number: int) -> Any:
    with errors_told():
        return connection.execute(_NUMBERED, {"number": number}).one()
