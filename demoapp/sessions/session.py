"""The session as a view meets it: Pyramid's ISession over a dict.

Nothing is loaded before it is asked for, nothing is written unless it changed, and a session
that holds nothing is not stored at all. When it is written is told in saving.py.
"""

import secrets
import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import replace
from enum import Enum
from typing import Any

from zope.interface import implementer

from demoapp.sessions.finding import ENDED_SECONDS, Found, Layer, Over
from demoapp.sessions.ids import new_id
from demoapp.sessions.interfaces import (
    Change,
    Create,
    Delete,
    Ended,
    IServerSession,
    Record,
    Rotate,
    SessionEnded,
    SessionError,
    SessionTooLarge,
    Touch,
    Update,
)
from demoapp.sessions.saving import ASKED, Saving
from demoapp.sessions.text import read, write


class State(Enum):
    UNREAD = "nothing has asked for it"
    OPEN = "its data is here; what of it has changed is found when it is saved"
    ENDED = "the id was rotated away a moment ago: anonymous, and nothing can be put in"
    FAILED = "its store has failed: one outage costs one time-out a request, not one an access"


class Fate(Enum):
    """What becomes of the id when the session is saved."""

    KEPT = 1
    ROTATED = 2
    RENEWED = 3
    """Rotated, and the absolute limit begins anew."""
    FORGOTTEN = 4
    """Left alone; if something is put in, as RENEWED."""


@implementer(IServerSession)
class Session(MutableMapping[str, Any]):
    """A visitor's session, kept by a :class:`~demoapp.sessions.interfaces.Store`."""

    def __init__(self, request: Any, layer: Layer, saving: Saving) -> None:
        self.state = State.UNREAD
        self._request = request
        self._layer = layer
        self._saving, saving.session = saving, self
        self._failure: SessionError | None = None
        self._over: Over | None = None  # what the browser shows, if that was ended
        self._shown = ""  # the cookie's value that has led to the record
        self._record: Record | None = None  # as stored: a change is a difference from this
        self._data: dict[str, Any] = {}
        self._owner: str | None = None
        self._device = ""
        self._fate = Fate.KEPT
        self._id: str | None = None  # waits here until its record is committed
        self.issue: str | None = None  # what to send: an id, "" to take the cookie back

    # -- access: every one goes through these two

    def _read(self) -> dict[str, Any]:
        """The live dict."""
        if self._is_settled():
            return self._data
        if self.state is State.UNREAD:
            self._load()
        elif self.state is State.FAILED and self._failure:
            raise self._failure
        self._saving.notice_failure()
        if self._record is not None and self.state is State.OPEN and not self._saving.closed:
            self._saving.take_part()  # a nested value may be changed without our noticing
        return self._data

    def _change(self) -> dict[str, Any]:
        """The live dict, about to be changed."""
        if self._is_settled():
            return self._data
        data = self._read()
        if self.state is State.ENDED:
            raise SessionEnded("the session was ended or renewed by another request")
        self._saving.take_part()
        self._saving.warn_if_nobody_answers()
        return data

    def _is_settled(self) -> bool:
        """Whether it is known already how it will be saved, as it is with most of the accesses."""
        failed = getattr(self._request, "exception", None) is not None
        return self.state is State.OPEN and self._saving.joined and not failed

    # -- the dict

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __setitem__(self, key: str, value: Any) -> None:
        self._change()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._change()[key]

    # -- ISession

    @property
    def new(self) -> bool:
        self._read()
        return self._record is None or self._fate is not Fate.KEPT

    @property
    def created(self) -> int:
        self._read()
        return int(self._created())

    def _created(self) -> float:
        old = self._record if self._fate in (Fate.KEPT, Fate.ROTATED) else None
        return old.created if old else self._now

    def changed(self) -> None:
        """Part of ISession. Not needed: a nested change is found when the data is compared."""
        self._change()

    def invalidate(self) -> None:
        """Forget everything; the record and the cookie go with the commit."""
        self._read()
        if self.state is State.ENDED and self._over and not self._over.ended.successor:
            return  # logged out already
        self._change().clear()
        self._fate, self._owner, self._device = Fate.RENEWED, None, ""

    def flash(self, msg: Any, queue: str = "", allow_duplicate: bool = True) -> None:
        messages = self.setdefault("_f_" + queue, [])
        if allow_duplicate or msg not in messages:
            messages.append(msg)

    def pop_flash(self, queue: str = "") -> list[Any]:
        # asked before popping, so that a page without messages joins no transaction
        return self.pop("_f_" + queue) if "_f_" + queue in self else []

    def peek_flash(self, queue: str = "") -> list[Any]:
        return self.get("_f_" + queue, [])  # type: ignore[no-any-return]

    def new_csrf_token(self) -> str:
        token = self["_csrft_"] = secrets.token_urlsafe(32)
        return token

    def get_csrf_token(self) -> str:
        if token := self.get("_csrft_"):
            return str(token)
        if self.state is State.ENDED:  # for a form that cannot be sent, on a page that can be seen
            return secrets.token_urlsafe(32)
        return self.new_csrf_token()

    # -- beyond ISession: IServerSession

    def rotate(self) -> None:
        self._change()
        if self._fate is Fate.KEPT:
            self._fate = Fate.ROTATED

    def forget(self) -> None:
        self._read()
        if self._record:
            self._fate = Fate.FORGOTTEN
            self._begin_with(None)

    def log_in(self, owner: str, device: str = "") -> None:
        bound, theirs = self._layer.ids.owner(owner), self._layer.ids.owners(owner)
        self._read()
        if self._over and self.state is State.ENDED:
            self.state, found = State.OPEN, self._successor(self._over)
            if found and found.record.owner in theirs:
                self._change()
                return self._adopt(self._sent_again(found) or found)
        data = self._change()
        if self._owner and self._owner not in theirs:
            data.clear()  # it was another user's
        self._fate, self._owner, self._device = Fate.RENEWED, bound, _plain(device)
        return None

    @property
    def record(self) -> Record | None:
        """As it is stored, None before it is."""
        self._read()
        return self._record

    @property
    def handle(self) -> str | None:
        record = self.record
        return record.handle if record and self._fate is Fate.KEPT else None

    @property
    def expires(self) -> float:
        self._read()
        created, limits = self._created(), self._layer.settings
        old = self._record
        seen = old.last_seen if old and not self._touch_is_due(old) else self._now
        return min(created + limits.absolute_timeout, seen + limits.idle_timeout)

    @property
    def owner(self) -> str | None:
        self._read()
        return self._owner.rpartition("@")[0] if self._owner else None

    @owner.setter
    def owner(self, owner: str | None) -> None:
        self._change()
        self._owner = self._layer.ids.owner(owner) if owner else None

    @property
    def device(self) -> str:
        self._read()
        return self._device

    @device.setter
    def device(self, device: str) -> None:
        self._change()
        self._device = _plain(device)

    # -- loading

    def _load(self) -> None:
        self._request.environ[ASKED] = True
        self._now = time.time()
        try:
            shown = self._layer.cookie.values(self._request)
            found = self._layer.look(self._request, shown, self._saving.load, self._now)
            if isinstance(found, Over) and found.ended.writer == self._saving.writer:
                # by an attempt at this very request, whose answer was lost: it goes on
                found = self._sent_again(self._successor(found)) or found
        except SessionError as err:
            self.state, self._failure = State.FAILED, err
            raise
        self.state = State.ENDED if isinstance(found, Over) else State.OPEN
        if isinstance(found, Found):
            self._adopt(found)
        else:
            self._over = found

    def _successor(self, over: Over) -> Found | None:
        return self._layer.successor(self._request, over, self._saving.load, self._now)

    def _adopt(self, found: Found) -> None:
        self._shown, self._record, self._data = found
        before = self._saving.before(found.record)
        self._owner, self._device = before.owner, before.device
        if before is not found.record:
            self._data = read(before.data)

    def _sent_again(self, found: Found | None) -> Found | None:
        """Its id may not have arrived."""
        self._id = found.shown if found else None
        return found

    # -- for saving.py

    def pending(self) -> Change | None:
        """What is to be written, None if nothing is.

        Raises SessionTooLarge and SessionNotSerializable.
        """
        if self.state is not State.OPEN:
            return None
        old, now = self._record, self._now
        text = self._written()
        # a session that holds nothing, and is nobody's, is not worth a record
        empty = text == "{}" and self._owner is None
        if old is None:
            return None if empty else Create(self._begun(text), writer=self._saving.writer)
        changed = (text, self._owner, self._device) != (old.data, old.owner, old.device)
        if self._fate is Fate.KEPT and not changed and not self._touch_is_due(old):
            return None
        if self._fate is not Fate.KEPT or not old.named:
            return self._under_a_new_id(old, text, empty)
        if not changed:
            return Touch(old, replace(old, last_seen=now), writer=self._saving.writer)
        values = old.version + 1, old.created, now, self._owner, self._device
        return Update(old, Record(old.key, text, *values), writer=self._saving.writer)

    def _written(self) -> str:
        before = self._record.data if self._record else "{}"
        text, limit = write(self._data, before), self._layer.settings.max_bytes
        if text != before and (size := len(text.encode())) > limit:
            raise SessionTooLarge(size, limit)
        return text

    def _under_a_new_id(self, old: Record, text: str, empty: bool) -> Rotate | Delete | None:
        if self._fate is Fate.FORGOTTEN and empty:
            return None
        until = max(self._now + ENDED_SECONDS, old.lingers)
        ended = Ended(old.key, self._now, until, writer=self._saving.writer)
        if empty and old.named:
            return Delete(old, ended, writer=self._saving.writer)
        new = self._begun(text)  # though it be empty, where nobody can take the old cookie back
        sealed = "" if empty else self._layer.ids.seal(self._shown, self._id or "")
        return Rotate(old, new, replace(ended, successor=sealed), writer=self._saving.writer)

    def _begun(self, text: str) -> Record:
        """The first record under a new id."""
        self._id = new_id()
        key = self._layer.ids.key(self._id)
        return Record(key, text, 1, self._created(), self._now, self._owner, self._device)

    def _touch_is_due(self, record: Record) -> bool:
        idle = self._now - record.last_seen
        return idle > 0 and idle >= self._layer.settings.touch_interval

    def saved(self, change: Change | None) -> None:
        """Committed, if there was a change: later ones are compared with it."""
        if self._id:
            self.issue = self._shown = self._id
        elif self._fate in (Fate.ROTATED, Fate.RENEWED) and (
            change or self._layer.cookie.values(self._request)
        ):
            self.issue = ""  # also when the cookie led nowhere: it was to go
        if change:
            self._record = getattr(change, "new", None)
        if change or self._fate is not Fate.FORGOTTEN:
            self._fate = Fate.KEPT
        self._id, self._over = None, None

    def reset(self) -> None:
        """What was put in is lost with its transaction."""
        if self.state is State.OPEN and self._over:  # a take-over that came to nothing
            self.state, self._record = State.ENDED, None
        self._id = None
        if self._fate is not Fate.FORGOTTEN:
            self._fate = Fate.KEPT
        self._begin_with(self._record if self._fate is Fate.KEPT else None)

    def _begin_with(self, record: Record | None) -> None:
        self._data = read(record.data) if record else {}
        self._owner, self._device = (record.owner, record.device) if record else (None, "")

    def snapshot(self) -> Callable[[], None]:
        """What brings back all that the session holds now."""
        held = {**vars(self), "_data": None}
        text = write(self._data)

        def bring_back() -> None:
            vars(self).update(held, _data=read(text))

        return bring_back

    def reload(self) -> None:
        """Before a replay takes its turn: what was read outside the transaction is old."""
        untouched = self._fate is Fate.KEPT and self.pending() is None
        if self.state is State.OPEN and untouched:
            self.state, self._over, self._record = State.UNREAD, None, None
            self._begin_with(None)


def _plain(text: str) -> str:
    """Without what some store cannot keep, and cut to what a table has room for."""
    return text.encode(errors="replace").decode().replace("\0", "")[:80]
