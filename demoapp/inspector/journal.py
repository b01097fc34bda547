"""Remembers the last change of each session, so that the inspector can show before and after."""

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from http.cookies import SimpleCookie
from typing import Any

from demoapp.inspector.cookie import opened
from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.interfaces import Change, IServerSession
from demoapp.sessions.timing import Cost, cost_of


@dataclass(frozen=True)
class Entry:
    request: str
    """Method and path."""
    before: str
    after: str
    """Session data as JSON text."""
    cost: Cost


class Journal:
    """By the SHA-256 of the cookie's value; of this process, and only the latest thousand."""

    def __init__(self, size: int = 1000) -> None:
        self._size = size
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, key: str, entry: Entry) -> None:
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def last(self, key: str) -> Entry | None:
        return self._entries.get(key)


def name_of(cookie: str) -> str:
    return sha256(cookie.encode()).hexdigest()


def remember(event: Any) -> None:
    """On NewResponse: note what this request has changed in the session."""
    request, session = event.request, event.request.__dict__.get("session")
    if session is None or not cost_of(request).saved:
        return
    journal: Journal = request.registry["inspector.journal"]
    noted = _of_ours(session) if IServerSession.providedBy(session) else _of_a_cookie(event)
    if noted:
        old, key, before, after = noted
        entry = Entry(f"{request.method} {request.path}", before, after, cost_of(request))
        if without_flashes(before) == without_flashes(after):
            entry = journal.last(old) or entry  # to show a message once is no news
        journal.note(key, entry)


def without_flashes(data: str) -> dict[str, Any]:
    return {key: value for key, value in json.loads(data).items() if not key.startswith("_f_")}


def _of_ours(session: Any) -> tuple[str, str, str, str] | None:
    """Old key, new key, data before and after."""
    change: Change | None = session.written
    if change is None or change.new is None or change.only_touches:
        return None
    old = change.old
    return old.key if old else "", change.new.key, old.data if old else "{}", change.new.data


def _of_a_cookie(event: Any) -> tuple[str, str, str, str] | None:
    settings = event.request.registry["session.settings"]
    cookie = SessionCookie(settings.cookie_name, settings.cookie_secure)
    old = cookie.read(event.request) or ""
    before = _data(old)
    for header in event.response.headers.getall("Set-Cookie"):
        sent = SimpleCookie(header).get(cookie.name(event.request))
        after = _data(sent.value if sent else None)
        if sent and after:
            return name_of(old), name_of(sent.value), before or "{}", after
    return None


def _data(cookie: str | None) -> str | None:
    """The data in a signed cookie: its third part, after two times."""
    try:
        payload = json.loads(opened(cookie or "")[1])  # type: ignore[index]
        return json.dumps(payload[2], ensure_ascii=False)
    except (TypeError, ValueError, LookupError):
        return None
