"""When a session is saved: with the request's transaction, or not at all.

The `transaction` package calls every participant in the order of their sort keys:
`tpc_begin`, `commit`, `tpc_vote`, `tpc_finish`. zope.sqlalchemy, whose key starts with `~`,
commits the database inside its `tpc_vote`. So whatever may fail here must fail before that:

- `tpc_begin` serializes, and checks the size, before anything was sent anywhere;
- `commit` prepares: the store compares versions, and a conflict replays the whole request;
- `tpc_finish` makes the session visible, once the database has committed.

Where there is no transaction (any more), as in exception views, it is saved on the answer.
"""

import logging
import os
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from pyramid.threadlocal import manager as threadlocals
from pyramid_retry import is_error_retryable
from transaction.interfaces import ISavepointDataManager
from zope.interface import implementer

from demoapp.sessions.finding import Layer
from demoapp.sessions.interfaces import (
    Change,
    Delete,
    Ended,
    Record,
    Rotate,
    SessionConflict,
    SessionError,
    SessionStoreUnavailable,
    Touch,
    Update,
)
from demoapp.sessions.text import read

log = logging.getLogger(__name__)

SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
ASKED = "session.asked"
"""In the environ, which all attempts at a request share: one of them has used the session."""
SENT = "session.sent"
"""There, too: the last change that was to be committed."""
WRITER = "session.writer"
"""And the request's name."""


def failed(request: Any) -> bool:
    """Whether an exception view is answering in a transaction that pyramid_tm will abort.

    With a `tm.commit_veto` that hook decides, later, about the view and the exception view.
    """
    if getattr(request, "exception", None) is None:
        return False
    return not request.registry.settings.get("tm.commit_veto")


def _is_write(new: Record, record: Record) -> bool:
    """Whether that very write is what is stored: another one was at another moment."""
    same = (new.key, new.version, new.last_seen) == (record.key, record.version, record.last_seen)
    return same and new.data == record.data


def in_transaction(request: Any) -> bool:
    """Whether there is a transaction that may still be committed."""
    return "tm.active" in request.environ and not failed(request)


def turn_tween_factory(handler: Any, registry: Any) -> Any:
    """A replay takes its turn before the view: first the session is locked, then the rest.

    First attempts lock nothing and wait for nobody. So no two requests ever wait for each other.
    """

    def turn_tween(request: Any) -> Any:
        environ = request.environ
        if environ.get("retry.attempt") and ASKED in environ and "tm.active" in environ:
            request.session.reload()
            request.session.get("")
        return handler(request)

    return turn_tween


@implementer(ISavepointDataManager)
class Saving:
    """One session's way to its store in one request, and its part in the transaction."""

    transaction_manager: Any = None
    session: Any
    """A Session, or custom.py's. Asked for `pending` and `issue`, told what was `saved`, and to
    `reset` itself when that came to nothing."""

    def __init__(self, request: Any, layer: Layer) -> None:
        self._request = request
        self._store = store = layer.store
        self._cookie = layer.cookie
        again = request.environ.get("retry.attempt")
        self.load: Callable[[str], Record | Ended | None] = (
            self._load_in_turn if again else partial(store.load, request)
        )
        """From the store: first attempts lock nothing."""
        self.joined = False  # takes part in a transaction
        self._late = False  # is saved then
        self._failed = False  # what the view put in is lost; what its exception view does is not
        self._held: set[str] = set()  # keys that a replay has locked
        self._change: Change | None = None  # what the transaction is to save
        self._prepared: Change | None = None  # the same, once the store keeps itself ready for it
        self.closed = False  # the answer is out, and nothing can save it any more
        request.add_response_callback(self._answer)
        request.add_finished_callback(self._close)

    @property
    def writer(self) -> str:
        """Names the request, and all attempts at it."""
        environ = self._request.environ
        if WRITER not in environ:
            environ[WRITER] = os.urandom(8).hex()
        return environ[WRITER]  # type: ignore[no-any-return]

    def _load_in_turn(self, key: str) -> Record | Ended | None:
        """On a replay it is locked, so progress is certain."""
        if not in_transaction(self._request):
            return self._store.load(self._request, key)
        self.take_part()  # whatever happens from here on, the end of the transaction unlocks
        self._held.add(key)
        return self._store.load(self._request, key, self.writer)

    def before(self, record: Record) -> Record:
        """What a replay begins with: if an attempt was committed, and only the answer to that
        was lost, the view is given what that attempt had begun with. So it counts once.
        """
        sent: Change | None = self._request.environ.get(SENT)
        if isinstance(sent, Update | Rotate) and _is_write(sent.new, record):
            return sent.old
        return record

    def take_part(self) -> None:
        """What is in the session is to be saved. Asked each time, because a view may end a
        transaction and begin another.
        """
        if self.closed:
            raise SessionError("the answer is out: nothing can be put in the session any more")
        if not self.joined and in_transaction(self._request):
            if self._store.in_sql_transaction:
                self._store.enlist(self._request)
            self._request.tm.get().join(self)
            self.joined = True
        self._late = not self.joined
        self.await_answer()

    def notice_failure(self) -> None:
        """The view has raised: its changes are lost, and those of its exception view are not."""
        if not self._failed and failed(self._request):
            self._failed, self.joined = True, False
            self.session.reset()

    # -- in a transaction

    def sortKey(self) -> str:  # noqa: N802 - the name is IDataManager's
        return "session"

    def savepoint(self) -> SimpleNamespace:
        """For `request.tm.savepoint()`, which asks every participant for a way back."""
        return SimpleNamespace(rollback=self.session.snapshot())

    def tpc_begin(self, transaction: Any) -> None:
        self._change = self.session.pending() if self.joined else None

    def commit(self, transaction: Any) -> None:
        change = self._change
        if change is None:
            return
        self._request.environ[SENT] = change
        # The list of participants has no public name. With no other, one step will do; but of a
        # rotation nobody would know whether it was done, if the answer to that step were lost.
        alone = len(transaction._resources) == 1 and not isinstance(change, Rotate)
        self._prepared = None if alone else change  # before it is: it may fail half-way
        try:
            (self._store.write if alone else self._store.prepare)(self._request, change)
        except (SessionStoreUnavailable, SessionConflict) as err:
            if not self._may_be_given_up(change, err):
                raise
            log.warning("given up, as the page is worth more: %s: %s", type(change).__name__, err)
            self._undo()
            self.session.reset()

    def tpc_vote(self, transaction: Any) -> None:
        """Nothing left to fail: `commit` has prepared the store."""

    def tpc_finish(self, transaction: Any) -> None:
        if self._prepared:
            self._commit(self._prepared)
        self.session.saved(self._change)
        if isinstance(self._change, Update | Rotate | Delete):
            self._held.discard(self._change.old.key)  # its store has let go of it
        self._prepared = None
        self._undo()

    def _commit(self, change: Change) -> None:
        """The database has committed, so raising would replay what is done already; and nobody
        knows whether this is: a new id is sent anyway, as it may be the only one left.
        """
        for again in (True, False):  # a hiccup must not leave an old id in use
            try:
                self._store.commit(self._request, change)
                break
            except SessionError as err:
                if not again:
                    log.error("session not saved, though its transaction was: %s", err)

    def abort(self, transaction: Any) -> None:
        joined = self.joined
        self._undo()
        if not joined:
            return
        if threadlocals.get()["request"] not in (None, self._request):
            log.error("a subrequest has ended the transaction around it: the session is as before")
        self.session.reset()

    tpc_abort = abort

    def _undo(self) -> None:
        """Take back what was prepared, and let go of what a replay has locked."""
        prepared, held = self._prepared, self._held
        self._change, self._prepared, self._held, self.joined = None, None, set(), False
        if prepared:
            self._let_go(self._store.withdraw, self._request, prepared)
        for key in held:
            self._let_go(self._store.release, self._request, key, self.writer)

    def _let_go(self, how: Callable[..., None], *arguments: Any) -> None:
        try:
            how(*arguments)
        except SessionError as err:
            log.warning("a session stays locked for some seconds: %s", err)

    def _may_be_given_up(self, change: Change, err: SessionError) -> bool:
        """Whether nobody asked for it (RFC 9110, 9.2.1): a touch, or messages that were shown."""
        request, store = self._request, self._store
        if isinstance(err, SessionConflict) and not store.in_sql_transaction:
            return False  # its replay will do; SQLite's would wait for whoever writes
        if request.method not in SAFE or not isinstance(change, Touch | Update):
            return False
        if not store.unharmed(request):
            return False
        old, new = change.old, change.new
        before, after = read(old.data), read(new.data)
        shown = {key for key in before if key.startswith("_f_") and key not in after}
        same = {**after, **{key: before[key] for key in shown}} == before
        return same and (old.owner, old.device) == (new.owner, new.device)

    # -- on the answer

    def await_answer(self) -> None:
        """Callbacks run in the order in which they were added: one added now sees it all."""
        if not self._is_awaiting():
            self._request.add_response_callback(self._answer)

    def _is_awaiting(self) -> bool:
        return self._answer in self._request.response_callbacks

    def warn_if_nobody_answers(self) -> None:
        """As when a body is streamed, or in a script."""
        if self._late and id(self._request) not in self._being_answered():
            log.warning("nobody answers this request, so what is put in its session is lost")

    def _being_answered(self) -> set[int]:
        """By this thread, each by its id(): a request, and those around it."""
        return {id(frame["request"]) for frame in threadlocals.stack} - {id(None)}

    def _answer(self, request: Any, response: Any) -> None:
        self.notice_failure()
        # who still takes part in a transaction here does so in one from around this request
        if (self._late or self.joined) and not self._is_replayed():
            self._late = False
            self._save_now()
        issue, self.session.issue = self.session.issue, None
        if issue is None:
            return
        self._cookie.write(request, response, issue)
        if len(self._being_answered()) > 1:
            log.warning("the answer to a subrequest sets the session's cookie: pass it on")

    def _is_replayed(self) -> bool:
        """Whether the answer will be thrown away."""
        error = getattr(self._request, "exception", None)
        return error is not None and is_error_retryable(self._request, error)

    def _save_now(self) -> None:
        try:
            change = self.session.pending()
            if change:
                self._store.write(self._request, change)
            self.session.saved(change)
        except SessionError as err:
            # past every exception view: a lost flash message beats a broken answer
            log.warning("a change outside the transaction was not saved: %s", err)

    def _close(self, request: Any) -> None:
        """The request is over. What is put in from here on has nobody to save it."""
        try:
            if self._is_awaiting() and not isinstance(self.session.pending(), Touch | None):
                log.error("what was put in the session after the answer is lost")
        except SessionError as err:
            log.error("what was put in the session after the answer is lost: %s", err)
        self.closed = True
