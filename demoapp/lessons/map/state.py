"""What the map shows: plain values of one visitor's session, which JSON can carry."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from demoapp.front.timing import cost_of
from demoapp.lessons.inspector.journal import Step, history_of
from demoapp.lessons.inspector.layers import Subject, cookie_bytes
from demoapp.sessions.cookie import session_cookie
from demoapp.settings import teaches
from demoapp.shop.strategies import is_known

PLACES = {"memory": "process", "redis": "store", "database": "store", "custom": "browser"}
"""Where each strategy keeps the basket."""


@dataclass(frozen=True)
class LastChange:
    """The latest request that has changed something, as far as this process knows."""

    request: str
    """Method and path."""
    trips: int | None
    values: tuple[tuple[str, str | None, str | None], ...]
    """What, before, after; None where there was nothing."""
    just_now: bool
    """Whether it was the last request of all."""
    new_cookie: bool
    """Whether its answer has brought one."""

    @classmethod
    def of(cls, steps: list[Step]) -> Self | None:
        for step in reversed(steps):
            if step.news:
                return cls(step.request, step.trips, step.news, step is steps[-1], bool(step.sent))
        return None


@dataclass(frozen=True)
class State:
    """One visitor's session: where it is, how large, for how long, and what happened to it."""

    strategy: str
    """The strategy that keeps it, as in the ini file; "elsewhere" for a foreign factory."""
    found: str
    """none: nobody asked for one; kept; gone: the cookie leads nowhere; down: nobody knows."""
    quantity: int = 0
    user: str | None = None
    pid: int | None = None
    cookie_name: str = ""
    cookie_bytes: int | None = None
    """With its name; None where the browser has shown none."""
    holds: tuple[str, ...] = ()
    """The names of what is in the session."""
    record_bytes: int | None = None
    """Of the data in it, as stored."""
    ends: float | None = None
    """Seconds since the epoch."""
    left: float | None = None
    """Seconds."""
    trips: int | None = 0
    """Of loading it for this page; None where they cannot be counted."""
    change: LastChange | None = None

    @classmethod
    def of(cls, request: Any, page: Any) -> "State":
        """The session of the page's visitor. Costs nothing: the page has read it."""
        strategy = request.registry["session.settings"].strategy
        pid = os.getpid() if teaches(request.registry.settings) else None
        if not page.available:
            return cls(strategy, "down", pid=pid, **_cookie(request))
        return _seen(Subject(request, raw=False), page, pid)

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "State":
        """From the `map` of /session.json."""
        change = told.get("change")
        if change:
            change = LastChange(**{**change, "values": tuple(map(tuple, change["values"]))})
        return cls(**{**told, "holds": tuple(told["holds"]), "change": change})

    @property
    def place(self) -> str:
        """Where the basket is, or would be: browser, process or store."""
        return PLACES.get(self.strategy, "store")


def _seen(of: Subject, page: Any, pid: int | None) -> State:
    strategy = of.settings.migrate_from if of.moving else of.settings.strategy
    session, cost = of.session, cost_of(of.request)
    known: dict[str, Any] = {
        "strategy": "elsewhere" if of.foreign else strategy,
        "found": "kept" if not session.new else "gone" if of.cookie else "none",
        "pid": pid,
        "trips": cost.load.trips if cost.countable else None,
        **_cookie(of.request, of.cookie),
    }
    if session.new:
        return State(**known)
    expires = getattr(session, "expires", None)
    return State(
        **known,
        quantity=page.cart_count or 0,
        user=page.username,
        holds=tuple(key for key in list(session.keys()) if not key.startswith("_")),
        record_bytes=len(of.record.data.encode()) if of.record else None,
        ends=expires,
        left=max(0.0, expires - time.time()) if expires else None,
        change=LastChange.of(history_of(of)),
    )


def _cookie(request: Any, value: str | None = None) -> dict[str, Any]:
    """As the browser has shown it; of a foreign one not even the name is known."""
    if not is_known(request.registry):
        return {}
    cookie = session_cookie(request.registry)
    return {
        "cookie_name": cookie.name(request),
        "cookie_bytes": cookie_bytes(request, value or cookie.read(request)),
    }
