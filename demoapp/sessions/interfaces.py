"""The contract between a session and the store that keeps it.

A store knows nothing of cookies, ids, limits or Pyramid's ISession. It keeps records by key,
compares versions, and holds a record for one writer between :meth:`SessionStore.prepare`
and :meth:`SessionStore.commit`.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from pyramid.interfaces import ISession
from transaction.interfaces import TransientError
from zope.interface import Attribute, Interface

FORMAT = 1
"""The record layout written by this release. Another one is not guessed at, but replaced."""


ABSENT = 0
"""The version of a record that must not be there yet when it is written."""


class SessionError(Exception):
    """Anything the session layer raises on its own."""


class SessionStoreUnavailable(SessionError):
    """The store cannot be reached or refuses to work. Answer 503; leave the cookie alone."""


class SessionTooLarge(SessionError):
    """The session would outgrow `session.max_bytes` or, in a cookie, what browsers keep."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the session would take {size} bytes, the limit is {limit}")
        self.size = size
        self.limit = limit


class SessionNotSerializable(SessionError, TypeError):
    """A value was put in the session that JSON cannot hold. A programming error."""


class SessionConflict(SessionError, TransientError):
    """Another request changed the record first. A TransientError, so the request is replayed."""


class CorruptRecord(SessionError):
    """What is stored is not a record of ours. It is logged and replaced by a fresh session."""


@dataclass(frozen=True, slots=True)
class Record:
    """One session as it is stored. `data` is JSON text, times are seconds since the epoch."""

    key: str
    """SHA-256 of the id, as hexadecimal digits. The id itself is in the cookie only."""
    data: str
    version: int
    """1 when created, one more with every write: the optimistic lock."""
    created: float
    last_seen: float
    owner: str | None = None
    """Whose session it is, for listing and ending a user's sessions."""
    device: str = ""
    """Something its owner recognises, such as "Firefox on Linux"."""

    @property
    def handle(self) -> str:
        """A short public name. It leads to neither the id nor the cookie."""
        return self.key[:12]


@dataclass(frozen=True, slots=True)
class Change:
    """One write: `old` must still be stored as it was, then `new` takes its place.

    Without `old` a record is created, without `new` one is deleted; where their keys differ
    the session is rotated. A change that keeps the version only moves `last_seen`.
    """

    old: Record | None
    new: Record | None
    writer: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    """Names this attempt: it owns the lock, and tells a re-sent command from another's."""

    @property
    def only_touches(self) -> bool:
        same = self.old and self.new and self.old.version == self.new.version
        return bool(same and not self.rotates)  # a rotated record begins at version 1 again

    @property
    def rotates(self) -> bool:
        return bool(self.old and self.new and self.old.key != self.new.key)


class SessionStore(Protocol):
    """Keeps records. Every method may raise :class:`SessionStoreUnavailable`.

    `request` is for the store that works inside the request's own database transaction;
    the others do not need it.
    """

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | None:
        """The record, in one round trip; None if there is none. Raises CorruptRecord.

        With `lock`, the name of a writer, wait until no other writer holds the record and
        hold it until :meth:`release`, or until a change by that writer is committed.
        Raises SessionConflict when the wait takes too long.
        """
        ...

    def enlist(self, request: Any) -> None:
        """The session is about to be changed in the request's transaction: join it as well."""
        ...

    def write(self, request: Any, change: Change) -> None:
        """Compare and write in one step, where nothing else takes part in the transaction.

        Raises SessionConflict when the record is not what it was, or gone.
        """
        ...

    def prepare(self, request: Any, change: Change) -> None:
        """The first of two steps: make sure that the change can be committed, and keep it so.

        Raises SessionConflict when the record is not what it was, or gone.
        """
        ...

    def commit(self, request: Any, change: Change) -> None:
        """Make a prepared change visible, and let go of its lock."""
        ...

    def withdraw(self, request: Any, change: Change) -> None:
        """Undo what :meth:`prepare` has done: the transaction was aborted."""
        ...

    def release(self, request: Any, key: str, writer: str) -> None:
        """Let go of a lock, if that writer holds it. Nothing was changed."""
        ...

    def delete(self, request: Any, key: str) -> None:
        """End a session, whatever its version."""
        ...

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        """The sessions of one user that have not expired, latest first."""
        ...

    def ping(self, request: Any) -> None:
        """Return if the store can be reached, for health checks."""
        ...

    def count(self, request: Any) -> Iterator[tuple[int, int]]:
        """Count what is stored, the expired included: yields (counted, of about) as it goes on."""
        ...

    def purge(self, request: Any, batch: int) -> Iterator[tuple[int, int]]:
        """Delete what has expired, if the store does not do so by itself. Outside a transaction.

        Yields (0, of about) first, then (deleted, of about) after each batch, which has at most
        so many sessions. Whoever stops asking stops it.
        """
        ...


class ISessionStore(Interface):
    """The name under which the registry keeps the :class:`SessionStore`, if there is one."""


class IServerSession(ISession):
    """What a session kept by one of our stores can do beyond ISession."""

    handle = Attribute("A short public name of the session, None before it is stored")
    expires = Attribute("When it ends if nothing more is asked, seconds since the epoch")
    owner = Attribute("Whose session it is, or None; set it at login")
    device = Attribute("What its owner knows it by; set it at login")

    def rotate() -> None:  # type: ignore[misc]
        """Keep the data, and when it began, under a new id; end the old one."""


def believed(record: Record) -> Record:
    """The record, if its values can be what they claim. Raises CorruptRecord.

    A store may hold anything: SQLite keeps a text in a column of numbers, JSON has any type.
    """
    typed = (
        type(record.version) is int
        and record.version > 0
        and all(type(t) in (int, float) for t in (record.created, record.last_seen))
        and isinstance(record.data, str)
        and isinstance(record.owner, str | None)
        and isinstance(record.device, str)
    )
    # a whole number may be too long for a float; and NaN is smaller than nothing
    if not typed or not abs(record.created) < FAR or not abs(record.last_seen) < FAR:
        raise CorruptRecord("its values are not those of a session")
    return record


FAR = 1e11
"""Seconds since the epoch that no clock shows: the year 5138."""

_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def new_id() -> str:
    """256 random bits as base64url (ASVS 7.2.3 asks for 128)."""
    return secrets.token_urlsafe(32)


def key_of(session_id: str) -> str | None:
    """What the store knows an id by, or None when it cannot be one of ours."""
    if not _ID.fullmatch(session_id):
        return None
    return sha256(session_id.encode("ascii")).hexdigest()
