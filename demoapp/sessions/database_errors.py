"""What an error of the database means: try again, or come back later."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from demoapp.sessions.interfaces import SessionConflict, SessionStoreUnavailable

TABLE = "session"


@contextmanager
def errors_told() -> Iterator[None]:
    """Tell the database's "try again" from its "I am not here"."""
    try:
        yield
    except DBAPIError as err:
        if is_conflict(err):
            raise SessionConflict(f"the database asks to try again: {err.orig}") from err
        raise SessionStoreUnavailable(f"database: {err.orig}") from err
    except PoolTimeout as err:
        raise SessionStoreUnavailable(f"database: {err}") from err


def is_conflict(err: BaseException) -> bool:
    """Whether the transaction lost against another and may simply be run again.

    SQLSTATE class 40 (serialization failure, deadlock) or 55P03 (waited too long for a lock),
    or SQLite's "database is locked".
    """
    if isinstance(err, IntegrityError) and TABLE in str(err.orig):
        return True  # another request was faster to insert the same session
    if not isinstance(err, DBAPIError):
        return False
    state = getattr(err.orig, "sqlstate", None) or ""
    return state.startswith("40") or state == "55P03" or "database is locked" in str(err.orig)
