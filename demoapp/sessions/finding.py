"""From the cookie to the session it leads to, or to what took that session's place."""

import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.ids import Ids
from demoapp.sessions.interfaces import CorruptRecord, Ended, Record, Store
from demoapp.sessions.settings import SessionSettings
from demoapp.sessions.text import read

log = logging.getLogger(__name__)

ENDED_SECONDS = 60
"""How long it is remembered that an id was ended; what is still on its way arrives before."""
ROTATIONS = 8
"""How many successors are looked through for the one that is in use."""
Load = Callable[[str], Record | Ended | None]
"""Asks the store for a key; on a replay it waits for its turn (saving.py)."""


class Found(NamedTuple):
    """A session that may be used."""

    shown: str
    """The value of a cookie that leads to it."""
    record: Record
    data: dict[str, Any]


class Over(NamedTuple):
    """A session that was ended a moment ago, and what is left of it."""

    shown: str
    ended: Ended


class Layer:
    """What the sessions of one application share: their store, and what leads to it."""

    def __init__(self, store: Store, settings: SessionSettings) -> None:
        self.store = store
        self.settings = settings
        self.ids = Ids(settings.secrets)
        self.cookie = SessionCookie(settings.cookie_name, settings.cookie_secure)
        self.keys: Callable[[Any, str], list[str]] = self.ids.keys
        """What the store may know a cookie's value by; another one where sessions are moved."""

    def look(
        self, request: Any, values: Iterable[str], load: Load, now: float
    ) -> Found | Over | None:
        """What a cookie's value leads to. Of several, any that leads to a session counts: over
        http one may be planted.
        """
        over = None
        for shown in values:
            for key in self.keys(request, shown):
                try:
                    stored = load(key)
                    if isinstance(stored, Record):
                        if self.settings.in_time(now, stored.created, stored.last_seen):
                            return Found(shown, stored, read(stored.data))
                    elif stored and now < stored.since + ENDED_SECONDS:
                        over = over or Over(shown, stored)
                except CorruptRecord as err:
                    log.warning("session %s is replaced by a fresh one: %s", key[:12], err)
        return over

    def successor(self, request: Any, over: Over, load: Load, now: float) -> Found | None:
        """The session that is in its place now, however often it was rotated since."""
        for _ in range(ROTATIONS):
            ids = self.ids.opened(over.shown, over.ended.successor)
            found = self.look(request, ids, load, now)
            if not isinstance(found, Over):
                return found
            over = found
        return None
