"""The contract between a session and the store that keeps it, in parts.

A store knows nothing of cookies, ids, limits or Pyramid's ISession: it keeps records by key. One
that works has three methods, :meth:`Store.load`, :meth:`Store.write` and :meth:`Store.delete`.
The rest has defaults; what a store gains by having its own is said there.
"""

import abc
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from pyramid.interfaces import ISession
from transaction.interfaces import TransientError
from zope.interface import Attribute, Interface

FORMAT = 2
"""The record layout written by this release. Another one is not guessed at, but replaced."""
ABSENT = 0
"""The version of a record that must not be there yet when it is written."""


class SessionError(Exception):
    """Anything the session layer raises on its own."""


class SessionStoreUnavailable(SessionError):
    """The store cannot be reached or refuses to work. Answer 503; leave the cookie alone."""


class SessionEnded(SessionError):
    """A write by who shows an id that was rotated away a moment ago. Answer 409: reload.

    The browser has been sent a newer cookie, or is about to be, and this answer sets none.
    """


class SessionTooLarge(SessionError):
    """The session would outgrow `session.max_bytes` or, in a cookie, what browsers keep."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the session would take {size} bytes, the limit is {limit}")
        self.size = size
        self.limit = limit


class SessionNotSerializable(SessionError, TypeError):
    """A value was put in the session that JSON would not keep as it is. A programming error."""


class SessionConflict(SessionError, TransientError):
    """Another request changed the record first. A TransientError, so the request is replayed."""


class CorruptRecord(SessionError):
    """What is stored is not a record of ours. It is logged and replaced by a fresh session."""


@dataclass(frozen=True, slots=True)
class Record:
    """One session as it is stored. `data` is JSON text, times are seconds since the epoch."""

    key: str
    """A keyed digest of the id (see ids.py). The id itself is in the cookie only."""
    data: str
    version: int
    """1 when created, one more with every write: the optimistic lock."""
    created: float
    last_seen: float
    owner: str | None = None
    """Whose session it is, bound to the application, for listing and ending a user's sessions."""
    device: str = ""
    """Something its owner recognises, such as "Firefox on Linux"."""
    named: ClassVar[bool] = True
    """Whether the cookie holds its id; if not, its next write gives it one (migration/)."""
    lingers: ClassVar[float] = 0.0
    """Until when its end must be remembered: while a copy might be found elsewhere."""

    @property
    def handle(self) -> str:
        """A short public name. It leads to neither the id nor the cookie."""
        return self.key[:12]


@dataclass(frozen=True, slots=True)
class Ended:
    """What is left for a while of a session that was ended or whose id was rotated away."""

    key: str
    since: float
    """Seconds since the epoch."""
    until: float
    """Then it may be forgotten."""
    successor: str = ""
    """The id that took its place, sealed: to open it takes the old id and the secret."""
    writer: str = ""
    """The request that ended it. Who ends it a second time, after a lost answer, goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One write. What is stored must still be the `old` record, else SessionConflict."""

    writer: str
    """Names the request: it owns the lock, and tells a command sent again from another's."""


@dataclass(frozen=True, slots=True)
class Create(_Change):
    new: Record


@dataclass(frozen=True, slots=True)
class Update(_Change):
    old: Record
    new: Record


@dataclass(frozen=True, slots=True)
class Touch(_Change):
    """Nothing but `last_seen` moves; whatever else is stored by now stays."""

    old: Record
    new: Record


@dataclass(frozen=True, slots=True)
class Rotate(_Change):
    """`new` begins under its own key; `ended` takes the place of `old`."""

    old: Record
    new: Record
    ended: Ended


@dataclass(frozen=True, slots=True)
class Delete(_Change):
    """`ended` takes the place of `old`."""

    old: Record
    ended: Ended


Change = Create | Update | Touch | Rotate | Delete


def compare(change: Change, stored: Record | Ended | None) -> None:
    """What is stored must still be the record that the change begins with, or SessionConflict."""
    if isinstance(change, Create | Touch):
        return
    version = getattr(stored, "version", None) if stored else ABSENT  # an end has none
    if version != change.old.version:
        raise SessionConflict("the session was changed by another request")


class Store(abc.ABC):
    """Keeps records. Every method may raise :class:`SessionStoreUnavailable`.

    `request` is for the store that works inside the request's own database transaction;
    the others do not need it.
    """

    in_sql_transaction = False
    """Whether it writes in the request's own SQL transaction, where nothing may be swallowed."""

    def unharmed(self, request: Any) -> bool:
        """Whether the request's transaction can go on after a write that failed."""
        return not self.in_sql_transaction

    # -- every store

    @abc.abstractmethod
    def load(self, request: Any, key: str, lock: str | None = None) -> Record | Ended | None:
        """What is kept under the key, in one round trip. Raises CorruptRecord.

        With `lock`, the name of a writer, wait until no other writer holds the record, first
        come, first served, and hold it until :meth:`release`, or until a change by that writer
        is committed. Raises SessionStoreUnavailable after `session.wait_timeout`. A store that
        cannot lock ignores it: then a busy session may be refused.
        """

    @abc.abstractmethod
    def write(self, request: Any, change: Change) -> None:
        """Compare and write in one step. Raises SessionConflict.

        A store without room for an :class:`Ended` just drops the old record: then a second
        login, sent while the first was on its way, begins a session without the cart.
        """

    @abc.abstractmethod
    def delete(self, request: Any, key: str) -> None:
        """End a session, whatever its version."""

    def end(self, request: Any, key: str) -> None:
        """Delete it with the request's transaction, not for an attempt that comes to nothing."""
        if self.in_sql_transaction or "tm.active" not in request.environ:
            self.delete(request, key)
        else:
            request.tm.get().addAfterCommitHook(self._end_now, (request, key))

    def _end_now(self, committed: bool, request: Any, key: str) -> None:
        if committed:
            self.delete(request, key)  # what it raises, the transaction logs

    # -- two steps, where a database commits in between

    def enlist(self, request: Any) -> None:  # noqa: B027
        """The session may be changed in the request's transaction: take part in it as well."""

    def prepare(self, request: Any, change: Change) -> None:
        """Make sure that the change can be committed, and keep it so. Raises SessionConflict.

        By default it only compares: who writes between this and the commit is overtaken.
        """
        if not isinstance(change, Create):
            compare(change, self.load(request, change.old.key, change.writer))

    def commit(self, request: Any, change: Change) -> None:
        """Make a prepared change visible, and let go of its lock."""
        self.write(request, change)

    def withdraw(self, request: Any, change: Change) -> None:  # noqa: B027
        """Undo what :meth:`prepare` has done: the transaction was aborted."""

    def release(self, request: Any, key: str, writer: str) -> None:  # noqa: B027
        """Let go of a lock, if that writer holds it."""

    # -- listing

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        """The sessions of one user that have not expired, latest first."""
        return []

    # -- upkeep

    def ping(self, request: Any) -> None:
        """Prove that what sessions need works, for health checks."""
        self.load(request, "0" * 64)

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        """Count what is stored, the expired included: yields (counted, of about) as it goes on."""
        yield 0, 0

    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]:
        """Delete what has expired, if the store does not do so by itself. Outside a transaction.

        Yields (0, of about) first, then (deleted, of about) after each batch, which has at most
        so many sessions. Whoever stops asking stops it.
        """
        yield 0, 0


class ISessionStore(Interface):
    """The name under which the registry keeps the :class:`Store`, if there is one."""


class IServerSession(ISession):
    """What a session kept by one of our stores can do beyond ISession."""

    handle = Attribute("A short public name of the session, None before it is stored")
    expires = Attribute("When it ends if nothing more is asked, seconds since the epoch")
    owner = Attribute("Whose session it is, or None")
    device = Attribute("What its owner knows it by")

    def rotate() -> None:  # type: ignore[misc]
        """Keep the data, and when it began, under a new id; end the old one."""

    def forget() -> None:  # type: ignore[misc]
        """Go on as if the cookie led nowhere. The record stays as it is, and no cookie is taken
        back, unless something is put in: then it ends, and what is put in gets an id of its own.
        """

    def log_in(owner: str, device: str = "") -> None:  # noqa: N805
        """Make it that user's, under a new id; its absolute limit begins anew. A guest's data is
        kept, another user's is not.

        Where the id that was shown has just been rotated away, and what took its place is
        the same user's, that session is taken over: a login may be sent twice.
        """


Stored = TypeVar("Stored", Record, Ended)
_KINDS = {one: [(field.name, field.type) for field in fields(one)] for one in (Record, Ended)}


def believed(stored: Stored) -> Stored:
    """What was stored, if its values can be what they claim. Raises CorruptRecord.

    A store may hold anything: SQLite keeps a text in a column of numbers, JSON has any type.
    """
    for name, kind in _KINDS[type(stored)]:
        value = getattr(stored, name)
        if kind is float:  # a whole number may be too long for one; and NaN is smaller than nothing
            right = type(value) in (int, float) and abs(value) < 1e11  # the year 5138
        elif kind is int:
            right = type(value) is int and value > 0
        else:
            right = isinstance(value, kind)  # type: ignore[arg-type]
        if not right:
            raise CorruptRecord(f"its {name} is none that a session has")
    return stored
