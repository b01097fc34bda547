"""How a session is loaded when it is asked for, and what of it is written when.

Nothing is loaded before it is needed, nothing is written unless it changed, and a session
that holds nothing is not stored at all. It knows the store by its contract only.
"""

import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.interfaces import (
    Change,
    CorruptRecord,
    Record,
    SessionError,
    SessionStore,
    SessionTooLarge,
    key_of,
    new_id,
)
from demoapp.sessions.migration import Identify, by_id
from demoapp.sessions.settings import SessionSettings
from demoapp.sessions.text import read, write
from demoapp.sessions.timing import cost_of
from demoapp.sessions.transaction import failed, in_transaction, join, may_be_saved

log = logging.getLogger(__name__)


class Kept:
    """The data of one session during one request, and its way from and to the store."""

    def __init__(
        self,
        request: Any,
        store: SessionStore,
        settings: SessionSettings,
        cookie: SessionCookie,
        identify: Identify = by_id,
    ) -> None:
        self.request = request
        self.store = store
        self.cost = cost_of(request)
        self._settings = settings
        self._cookie = cookie
        self._identify = identify
        self._data: dict[str, Any] | None = None  # None until something asks for it
        self._text = "{}"  # the data as loaded: a change is a difference from this
        self._record: Record | None = None
        self._owner: str | None = None
        self._device = ""
        self._now = 0.0
        self._ended = False  # the record is to go: rotated or invalidated
        self._anew = False  # invalidated: what follows has its time before it
        self._joined = False  # part of the request's transaction
        self._late = False  # to be compared and saved with the response instead
        self._failure: SessionError | None = None
        self._id: str | None = None  # waits here until its record is committed
        self._named = True  # False: the cookie holds no id of ours, see migration.py
        self._issue: str | None = None  # what to send: an id, "" to take the cookie back
        self.written: Change | None = None  # the last one, for whoever shows or logs it
        self.lock: str | None = None  # on a replay: the writer that holds locked_key
        self.locked_key: str | None = None

    def data(self) -> dict[str, Any]:
        """The live dict, loaded on first use."""
        if self._data is None:
            self._load()
        elif self._joined and failed(self.request):
            self.reset()  # the view's changes are lost; those of its exception view are not
        if self._record is not None:
            # From here on a nested value may be changed without our noticing. Asked each time,
            # because a view may have ended the transaction and begun another.
            self._join()
        assert self._data is not None  # noqa: S101 - _load() sets it or raises
        return self._data

    def writable(self) -> dict[str, Any]:
        """The live dict, with the session taking part in the request's transaction."""
        data = self.data()
        self._join()
        return data

    # -- loading

    def _load(self) -> None:
        if self._failure is not None:
            raise self._failure  # one outage costs one time-out a request, not one an access
        self.request.add_response_callback(self._respond)
        self._now = time.time()
        value = self._cookie.read(self.request) or ""
        key = self._identify(self.request, value)
        self._named = key == key_of(value)
        try:
            with self.cost.load:
                record = self._fetch(key) if key else None
                self._text = record.data if record else "{}"
                self._data = read(self._text)
        except CorruptRecord as err:
            log.warning("session %s is replaced by a fresh one: %s", (key or "")[:12], err)
            record, self._text, self._data = None, "{}", {}
        except SessionError as err:
            self._failure = err
            raise
        self._record = record
        if record is not None:
            self._owner, self._device = record.owner, record.device

    def _fetch(self, key: str) -> Record | None:
        """The record, if it may be used. On a replay it is locked, so progress is certain."""
        if self.request.environ.get("retry.attempt", 0) > 0 and in_transaction(self.request):
            self.lock = secrets.token_urlsafe(12)
            self._join()  # whatever happens from here on, the end of the transaction unlocks
        self.locked_key = key
        record = self.store.load(self.request, key, self.lock)
        if record and self._settings.in_time(self._now, record.created, record.last_seen):
            return record
        return None

    def _join(self) -> None:
        if not self._joined:
            self._joined = join(self)
            self._late = not self._joined

    def snapshot(self) -> Callable[[], None]:
        """What brings back all that the session holds now."""
        text = write(self._data)
        rest = self._owner, self._device, self._ended, self._anew

        def bring_back() -> None:
            self._data = json.loads(text)
            self._owner, self._device, self._ended, self._anew = rest

        return bring_back

    # -- saving; called by the data manager

    def pending(self) -> Change | None:
        """What is to be written, checked for size; None if nothing is."""
        if self._data is None:
            return None
        text = self._measured()
        old = self._record
        same = text == self._text and not self._ended
        if old and same and (self._owner, self._device) == (old.owner, old.device):
            touch = self._touch(old)
            if self._named or touch is None:
                return touch
        if text == "{}" and (old is None or self._ended):
            return Change(old, None, *self._writer()) if old else None
        return Change(old, self._next(old, text), *self._writer())

    def _next(self, old: Record | None, text: str) -> Record:
        """What is to be stored: under the same key, if there is one that may stay."""
        if old and self._named and not self._ended:
            return replace(
                old,
                data=text,
                version=old.version + 1,
                last_seen=self._now,
                owner=self._owner,
                device=self._device,
            )
        self._id = new_id()
        key = key_of(self._id)
        assert key is not None  # noqa: S101 - our own ids are well-formed
        created = old.created if old and not self._anew else self._now
        return Record(key, text, 1, created, self._now, self._owner, self._device)

    def _writer(self) -> tuple[str, ...]:
        return (self.lock,) if self.lock else ()

    def _touch(self, record: Record) -> Change | None:
        idle = self._now - record.last_seen
        if idle <= 0 or idle < self._settings.touch_interval:
            return None
        return Change(record, replace(record, last_seen=self._now), *self._writer())

    def _measured(self) -> str:
        text = write(self._data)
        if (size := len(text.encode())) > self._settings.max_bytes:
            raise SessionTooLarge(size, self._settings.max_bytes)
        return text

    def saved(self, change: Change | None) -> None:
        """The change is visible now, if there was one: later changes are compared with it."""
        if self._id:
            self._issue, self._named = self._id, True
        elif self._ended and (change or self._cookie.read(self.request)):
            self._issue = ""  # also when the cookie led nowhere: it was to go
        if change:
            self.written = change
            self._record = change.new
            self._text = change.new.data if change.new else "{}"
        self.lock = None
        self._settle()

    def _settle(self) -> None:
        self._ended = self._anew = self._joined = self._late = False
        self._id = None

    def reset(self) -> None:
        """The transaction came to nothing: so did what was put in the session meanwhile."""
        if not self._joined:
            return  # done already, and what an exception view put in since is to stay
        if self._data is not None:
            self._data = json.loads(self._text)
        self._owner = self._record.owner if self._record else None
        self._device = self._record.device if self._record else ""
        self._settle()
        self._late = True  # an exception view may still put something in

    # -- answering

    def _respond(self, request: Any, response: Any) -> None:
        if self._late and may_be_saved(request):
            self._save_late()
        if self._issue is not None:
            self._cookie.write(request, response, self._issue)

    def _save_late(self) -> None:
        """Save what was changed outside a transaction, as exception views do."""
        try:
            with self.cost.save:
                change = self.pending()
                self.cost.saved = change is not None
                if change:
                    self.store.write(self.request, change)
            self.saved(change)
        except SessionError as err:
            # past every exception view: a lost flash message beats a broken answer
            log.warning("a change outside the transaction was not saved: %s", err)
