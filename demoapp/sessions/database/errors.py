"""What an error of the database means: try again, or come back later."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError, SQLAlchemyError

from demoapp.sessions.interfaces import CorruptRecord, SessionConflict, SessionStoreUnavailable

REMEDY = "migrate, with demoapp.sessions.database.metadata among your tables"


@contextmanager
def errors_told() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as err:
        # the one constraint is the key: another request was faster to insert the same session
        if "Could not decode to UTF-8" in str(err):  # SQLite keeps any bytes as text
            raise CorruptRecord("its text is not UTF-8") from err
        orig = getattr(err, "orig", None)
        if is_missing(orig):
            reason = str(orig).partition("\n")[0]
            raise SessionStoreUnavailable(f"database: {reason}; {REMEDY}") from err
        again = is_conflict(err) or isinstance(err, IntegrityError)
        kind = SessionConflict if again else SessionStoreUnavailable
        raise kind(f"database: {getattr(err, 'orig', err)}") from err


def is_conflict(err: BaseException) -> bool:
    """Whether the transaction may simply be run again: it lost against another (SQLSTATE class
    40), waited too long for a lock, or the server had closed the connection. For that,
    SQLAlchemy has dropped the whole pool, so that the next attempt gets a fresh one.
    """
    if not isinstance(err, DBAPIError):
        return False
    state = sqlstate(err.orig)
    locked = state == "55P03" or "database is locked" in str(err.orig)
    return state.startswith("40") or locked or err.connection_invalidated


def is_spent(err: BaseException | None) -> bool:
    """Whether it says no more than that the transaction has failed before, by somebody else."""
    return isinstance(err, PendingRollbackError) or sqlstate(getattr(err, "orig", None)) == "25P02"


def is_missing(orig: BaseException | None) -> bool:
    """Whether the driver misses a table, a column, or SQLite's file: nobody has migrated."""
    told = str(orig).startswith(_MISSING_IN_SQLITE)
    return told or sqlstate(orig) in ("42P01", "42703", "3F000")


_MISSING_IN_SQLITE = ("no such table", "no such column", "unable to open database file")


def sqlstate(orig: BaseException | None) -> str:
    # psycopg, psycopg2
    return getattr(orig, "sqlstate", None) or getattr(orig, "pgcode", None) or ""
