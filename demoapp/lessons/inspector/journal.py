"""Remembers the last change of each session, so that the inspector can show before and after."""

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from demoapp.front.timing import Cost
from demoapp.lessons.inspector.layers import Subject
from demoapp.sessions.interfaces import Create, Rotate, Update


@dataclass(frozen=True)
class Entry:
    request: str
    """Method and path."""
    before: str
    after: str
    """Session data as JSON text."""
    cost: Cost


class Journal:
    """Of this process, and only the latest thousand.

    By a digest of the record's key: where nothing is stored, the key is the cookie itself.
    """

    def __init__(self, size: int = 1000) -> None:
        self._size = size
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, key: str, entry: Entry) -> None:
        name = _digest(key)
        with self._lock:
            self._entries[name] = entry
            self._entries.move_to_end(name)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def last(self, key: str) -> Entry | None:
        return self._entries.get(_digest(key))


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def last_change(of: Subject) -> Entry | None:
    """Of this visitor's session, as far as this process knows."""
    journal: Journal = of.request.registry["inspector.journal"]
    found = map(journal.last, [*of.keys, of.cookie or ""])
    return next((entry for entry in found if entry), None)


def remember(event: Any) -> None:
    """On NewResponse: note what this request has changed in the session."""
    request = event.request
    cost: Cost | None = request.__dict__.get("session_cost")
    if cost is None or cost.save.error:
        return
    change = cost.change
    if not isinstance(change, Create | Update | Rotate):
        return
    old, new = getattr(change, "old", None), change.new
    before = old.data if old and old is not new else "{}"  # the same: the first in a cookie
    journal: Journal = request.registry["inspector.journal"]
    entry = Entry(f"{request.method} {request.path}", before, new.data, cost)
    if old and without_flashes(before) == without_flashes(new.data):
        entry = journal.last(old.key) or entry  # to show a message once is no news
    journal.note(new.key, entry)


def without_flashes(data: str) -> dict[str, Any]:
    return {key: value for key, value in json.loads(data).items() if not key.startswith("_f_")}
