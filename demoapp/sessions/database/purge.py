"""Deleting the expired sessions of the database strategy, beside a running shop.

Redis and a dict forget by themselves; a table keeps what nobody comes back for. Expired rows do
no harm but fill the disk, so there is no hurry: what counts is that no visitor waits.
"""

import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, literal_column, select

MARGIN = 60
"""Seconds that a row is kept beyond its end, because clocks differ."""
HOLD_SECONDS = 0.01
"""How long a batch should take: SQLite has one writer, and so long the visitors wait for it."""
FIRST = 50
"""Rows of the first batch; the next ones grow and shrink with the time it took."""
CHECKPOINT = 12_000
"""Rows after which SQLite's log is copied back; see `_prepare`."""


def purge(
    engine: Engine, table: Table, idle_timeout: float, batch: int
) -> Iterator[tuple[int, int]]:
    """Walk through the table and delete what was not seen for so long.

    Yields (rows deleted, of about). Every batch is a transaction of its own, of at most `batch`
    rows and about HOLD_SECONDS. After it we sleep for twice as long: whoever waited has a
    turn. Stop whenever you like.
    """
    before, floor = time.time() - idle_timeout - MARGIN, None
    # SQLite keeps its rows in another order than that of the key: so fewer pages are written
    walk: Any = literal_column("rowid") if engine.dialect.name == "sqlite" else table.c.key
    with engine.connect() as connection:
        _prepare(connection)
        with connection.begin():
            query = select(func.count()).where(table.c.last_seen < before)
            total = connection.scalar(query) or 0
        yield 0, total
        done, size = 0, min(FIRST, batch)
        while keys := _next(connection, table, walk, floor, size):
            begun = time.perf_counter()
            with connection.begin():
                deleted = _delete(connection, table, walk, keys, before)
            took = time.perf_counter() - begun
            time.sleep(2 * took)
            if done // CHECKPOINT < (done + deleted) // CHECKPOINT:
                _checkpoint(connection)
            done, floor = done + deleted, keys[-1]
            size = max(1, min(batch, int(size * min(2.0, HOLD_SECONDS / took))))
            yield done, max(total, done)
        _checkpoint(connection)


def _next(connection: Connection, table: Table, walk: Any, floor: Any, size: int) -> list[Any]:
    """The keys of the next batch. Reading keeps nobody waiting."""
    query = select(walk).select_from(table).order_by(walk).limit(size)
    with connection.begin():
        return list(connection.scalars(query.where(walk > floor) if floor else query))


def _delete(connection: Connection, table: Table, walk: Any, keys: list[Any], before: float) -> int:
    """Returns how many there were. A row that is locked is just being seen, and stays."""
    rows = (
        select(walk)
        .select_from(table)
        .where(walk.between(keys[0], keys[-1]), table.c.last_seen < before)
    )
    query = delete(table).where(walk.in_(rows.with_for_update(skip_locked=True)))
    return connection.execute(query).rowcount


def _prepare(connection: Connection) -> None:
    """On SQLite, copy the log back into the file rarely, and not inside a visitor's request.

    The keys are random, so that each row is on another page of their index: what takes the
    time is to write those pages. Written after many batches, each of them is written once.
    """
    if connection.dialect.name == "sqlite":
        connection.detach()  # closed at the end, not lent to somebody else
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 0")
        connection.exec_driver_sql("PRAGMA cache_size = -65536")  # KiB
        connection.rollback()


def _checkpoint(connection: Connection) -> None:
    """First without stopping anybody; then the little that came meanwhile, and from the start."""
    if connection.dialect.name == "sqlite":
        for mode in ("PASSIVE", "RESTART"):
            connection.exec_driver_sql(f"PRAGMA wal_checkpoint({mode})").all()
        connection.rollback()
