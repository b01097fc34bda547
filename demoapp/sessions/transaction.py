"""A session commits with the request's transaction, or not at all.

The `transaction` package calls every participant in the order of their sort keys:
`tpc_begin`, `commit`, `tpc_vote`, `tpc_finish`. zope.sqlalchemy, whose key starts with `~`,
commits the database inside its `tpc_vote`. So whatever may fail here must fail before that:

- `tpc_begin` serializes, and checks the size, before anything was sent anywhere;
- `commit` prepares: the store compares versions, and a conflict replays the whole request;
- `tpc_finish` makes the session visible, once the database has committed.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyramid_retry import is_error_retryable
from transaction.interfaces import IDataManagerSavepoint, ISavepointDataManager
from zope.interface import implementer

from demoapp.sessions.interfaces import Change, SessionError, SessionStoreUnavailable

if TYPE_CHECKING:
    from demoapp.sessions.keeping import Kept

log = logging.getLogger(__name__)

SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


def in_transaction(request: Any) -> bool:
    """Whether there is a transaction that may still be committed.

    Exception views run inside the one that their error has already doomed.
    """
    return bool(request.environ.get("tm.active")) and not failed(request)


def failed(request: Any) -> bool:
    """Whether an exception view is answering."""
    return getattr(request, "exception", None) is not None


def join(session: "Kept") -> bool:
    """Let the session take part in the request's transaction; False if there is none."""
    request = session.request
    if not in_transaction(request):
        return False
    session.store.enlist(request)
    request.tm.get().join(SessionDataManager(session, request.tm))
    return True


def may_be_saved(request: Any) -> bool:
    """Whether an answer outside a transaction counts, or will be thrown away and replayed."""
    error = getattr(request, "exception", None)
    return error is None or not is_error_retryable(request, error)


@implementer(ISavepointDataManager)
class SessionDataManager:
    """Carries one session through one transaction."""

    def __init__(self, session: "Kept", manager: Any) -> None:
        self.transaction_manager = manager
        self._session = session
        self._change: Change | None = None
        self._prepared = False
        self._written = False

    def sortKey(self) -> str:  # noqa: N802 - the name is IDataManager's
        return "session"

    def savepoint(self) -> "Savepoint":
        """For `request.tm.savepoint()`, which asks every participant for a way back."""
        return Savepoint(self._session.snapshot())

    def tpc_begin(self, transaction: Any) -> None:
        cost = self._session.cost
        with cost.save:
            self._change = self._session.pending()
        cost.saved = self._change is not None

    def commit(self, transaction: Any) -> None:
        if self._change is None:
            return
        session = self._session
        # The list of participants has no public name. With no other, one step will do.
        alone = len(transaction._resources) == 1
        self._prepared = not alone  # before it is: it may fail half-way
        try:
            with session.cost.save:
                if alone:
                    session.store.write(session.request, self._change)
                else:
                    session.store.prepare(session.request, self._change)
        except SessionStoreUnavailable as err:
            if session.request.method not in SAFE:
                raise
            # nobody asked for a change (RFC 9110, 9.2.1): the page is worth more than its flash
            log.warning("a session that was only read is not saved: %s", err)
            self._release()
            self._change = None
            session.reset()
        self._written = alone

    def tpc_vote(self, transaction: Any) -> None:
        """Nothing left to fail: `commit` has prepared the store."""

    def tpc_finish(self, transaction: Any) -> None:
        session, change = self._session, self._change
        self._prepared = False
        if change is None or change.old is None:
            self._release()  # a replay locks what it looks for, even if it finds nothing
        try:
            if change and not self._written:
                with session.cost.save:
                    session.store.commit(session.request, change)
        except SessionError as err:
            # The database has committed, so raising would replay what is done already.
            log.error("session not saved, though its transaction was: %s", err)
            session.reset()
        else:
            session.saved(change)

    def abort(self, transaction: Any) -> None:
        self._release()
        self._session.reset()

    tpc_abort = abort

    def _release(self) -> None:
        """Undo `prepare`, and let go of what a replay's load has locked."""
        session, prepared = self._session, self._change if self._prepared else None
        key, writer = session.locked_key, session.lock
        self._prepared, session.lock = False, None
        try:
            if prepared:
                session.store.withdraw(session.request, prepared)
            if writer and key:
                session.store.release(session.request, key, writer)
        except SessionError as err:
            log.warning("a session stays locked for some seconds: %s", err)


@implementer(IDataManagerSavepoint)
class Savepoint:
    """A way back, as `transaction` wants it to be called."""

    def __init__(self, rollback: Callable[[], None]) -> None:
        self.rollback = rollback
