"""From the cookie to the session it leads to, or to what took that session's place."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from demoapp.sessions.interfaces import CorruptRecord, Ended, Record
from demoapp.sessions.layer import Layer
from demoapp.sessions.text import read

log = logging.getLogger(__name__)

ENDED_SECONDS = 60
"""How long it is remembered that an id was ended; what is still on its way arrives before."""
ROTATIONS = 8
"""How many successors are looked through for the one that is in use."""


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


class Finder:
    """Looks for the session of one request."""

    def __init__(
        self, request: Any, layer: Layer, load: Callable[[str], Record | Ended | None]
    ) -> None:
        self._request = request
        self._layer = layer
        self._load = load
        self.now = time.time()

    def find(self) -> Found | Over | None:
        """Of several cookies any that leads to a session counts: over http one may be planted."""
        over = None
        for shown in self._layer.cookie.values(self._request):
            found = self._look(shown)
            if isinstance(found, Found):
                return found
            over = over or found
        return over

    def successor(self, over: Over) -> Found | None:
        """The session that is in its place now, however often it was rotated since."""
        for _ in range(ROTATIONS):
            opened = self._layer.ids.opened(over.shown, over.ended.successor)
            looks: Iterator[Found | Over | None] = map(self._look, opened)
            found = next((found for found in looks if found), None)
            if not isinstance(found, Over):
                return found
            over = found
        return None

    def _look(self, shown: str) -> Found | Over | None:
        for key in self._layer.keys(self._request, shown):
            try:
                stored = self._load(key)
                if isinstance(stored, Ended) and self.now < stored.since + ENDED_SECONDS:
                    return Over(shown, stored)
                if isinstance(stored, Record) and self._is_in_time(stored):
                    return Found(shown, stored, read(stored.data))
            except CorruptRecord as err:
                log.warning("session %s is replaced by a fresh one: %s", key[:12], err)
        return None

    def _is_in_time(self, record: Record) -> bool:
        return self._layer.settings.in_time(self.now, record.created, record.last_seen)
