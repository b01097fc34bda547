"""The shops on the stage: who opens them, when, and for whom.

A class may play on one server. What one visitor does to a shop must not happen to the others, so:

- `memory` keeps its sessions in the application itself, and everybody has one alone;
- the others keep nothing in themselves, and one of each is shared by all. To open it anew, as
  `restart` does, disturbs nobody: that is what the page shows;
- whose Redis is cut off is led to another application, whose `session.redis.url` is a port at
  which nobody listens.

Nothing is opened before somebody comes, so that starting the shop takes no longer. Who only looks
gets no stage: there are so many, and whoever keeps no cookies, as a crawler, would have a new one
with each look. All of it is in one process, as pserve has it; a second one would be another house.
"""

import socket
from collections import OrderedDict, deque
from collections.abc import Mapping
from hashlib import sha256
from threading import Lock, RLock
from typing import Any, NamedTuple

from demoapp import make_app

INSIDE = "stage.inside"
"""In the settings of a shop that is on the stage."""
ALONE = "memory"
"""The strategy whose application is the store."""
VISITORS = 40
"""A class with its teacher. Who comes after them takes the place of who has not been here longest,
and finds a `memory` shop that has forgotten."""
HURRY = 2
"""Seconds without a request after which the shops of the act `wait` forget."""


class House:
    """All shops of one process."""

    def __init__(self, settings: Mapping[str, Mapping[str, Any]], ini_file: str | None) -> None:
        self.settings = settings
        self._ini_file = ini_file
        self._lock = RLock()
        self._shared: dict[str, Any] = {}
        self._stages: OrderedDict[str, Stage] = OrderedDict()
        self._lobby: Stage | None = None
        self._dead_end: socket.socket | None = None
        self.race = Lock()
        """One race after the other: twelve clicks of a whole class are too many for SQLite."""

    def strategy(self, shop: str) -> str:
        return str(self.settings[shop]["session.strategy"])

    def open(self, shop: str, **changes: str) -> Any:
        """A new application."""
        own = {**self.settings[shop], INSIDE: "true", "sqlalchemy.pool_size": "1", **changes}
        return make_app({"__file__": self._ini_file}, own)

    def shared(self, name: str, shop: str, **changes: str) -> Any:
        """The one by that name for everybody."""
        with self._lock:
            if name not in self._shared:
                self._shared[name] = self.open(shop, **changes)
            return self._shared[name]

    def cut_off(self, shop: str) -> Any:
        """The same shop; its Redis is at a port that is bound and not listened at: it refuses."""
        with self._lock:
            if self._dead_end is None:
                self._dead_end = socket.socket()
                self._dead_end.bind(("127.0.0.1", 0))
            port = self._dead_end.getsockname()[1]
        nowhere = {"session.redis.url": f"redis://127.0.0.1:{port}/0"}
        return self.shared(f"{shop} cut off", shop, **nowhere)

    def hurried(self, shop: str) -> Any:
        """A shop whose sessions are over after two seconds, for the act `wait`."""
        limits = {"session.idle_timeout": str(HURRY), "session.touch_interval": "0"}
        return self.shared(f"{shop} hurried", shop, **limits)

    def open_anew(self) -> None:
        """The shops that are shared, for everybody; a request that is under way ends in the old."""
        with self._lock:
            for shop in self.settings.keys() & self._shared.keys():
                close(self._shared.pop(shop))

    def seen(self, key: str) -> "Stage":
        """For a GET: the visitor's stage if they have played, else one on which nobody plays."""
        with self._lock:
            if key in self._stages:
                return self.stage(key)
            if self._lobby is None:
                self._lobby = Stage(self, "")
            return self._lobby

    def stage(self, key: str) -> "Stage":
        """For a POST: the visitor's stage, opened now if there is none."""
        with self._lock:
            if key not in self._stages:
                self._stages[key] = Stage(self, key)
            self._stages.move_to_end(key)
            while len(self._stages) > VISITORS:
                self._stages.popitem(last=False)[1].close()
            return self._stages[key]

    def leave(self, key: str | None) -> None:
        """Close the stage with this key: its visitor plays no more."""
        with self._lock:
            if stage := self._stages.pop(key or "", None):
                stage.close()

    def numbers(self) -> list[str]:
        """Those of the visitors who play."""
        with self._lock:
            return [stage.number for stage in self._stages.values()]

    def close(self) -> None:
        with self._lock:
            for stage in filter(None, (self._lobby, *self._stages.values())):
                stage.close()
            for app in self._shared.values():
                close(app)
            self._lobby = None
            self._stages.clear()
            self._shared.clear()
            if self._dead_end:
                self._dead_end.close()


class Guest(NamedTuple):
    """A browser that is away."""

    cookies: dict[str, str]
    back: float
    """When it comes back, by the monotonic clock."""


class Stage:
    """The four shops as one visitor finds them, and what was played last."""

    def __init__(self, house: House, key: str) -> None:
        self.house = house
        self.number = sha256(key.encode()).hexdigest()[:6]
        """Part of the names of the visitor's accounts, so that nobody logs another out."""
        self.cut = False
        """Whether Redis is cut off."""
        self.turn = Lock()
        """One act after the other, also from two tabs."""
        self.played: Any = None
        """The last act, and what each shop did."""
        self.sku = ""
        self.guest: Guest | None = None
        """Of the act `wait`, until that guest has come back."""
        self.times: dict[str, deque[float]] = {shop: deque(maxlen=99) for shop in house.settings}
        """Milliseconds that the session took of a request."""
        self._own = self._open()

    def _open(self) -> dict[str, Any]:
        house = self.house
        return {shop: house.open(shop) for shop in house.settings if house.strategy(shop) == ALONE}

    def shop(self, name: str) -> Any:
        if self.is_cut(name):
            return self.house.cut_off(name)
        return self._own.get(name) or self.house.shared(name, name)

    def hurried(self, name: str) -> Any:
        return self.house.cut_off(name) if self.is_cut(name) else self.house.hurried(name)

    def is_cut(self, shop: str) -> bool:
        return self.cut and self.house.strategy(shop) == "redis"

    def out_of_reach(self, shop: str) -> str:
        """Why a shop answers 503: one of the sentences of stage.toml."""
        if self.is_cut(shop):
            return "cut"
        return "missing" if self.house.strategy(shop) == "redis" else "down"

    def restart(self) -> None:
        """Close the shops and open them again."""
        before, self._own = self._own, self._open()
        for app in before.values():
            close(app)
        self.house.open_anew()

    def close(self) -> None:
        for app in self._own.values():
            close(app)


def close(app: Any) -> None:
    app.registry["dbsession_factory"].kw["bind"].dispose()
