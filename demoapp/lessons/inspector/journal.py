"""Remembers the last requests of each session, so that the inspector can tell what each has done.

Of this process only; and bounded: so many sessions, so many steps of each, so much of a value.
"""

import json
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Self
from urllib.parse import urlsplit

from demoapp.front.timing import Cost, Stage, cost_of
from demoapp.lessons.inspector.changes import Values, changes, news_of
from demoapp.lessons.inspector.layers import Subject
from demoapp.sessions.interfaces import Create, Record, Rotate, Touch, Update

SESSIONS, STEPS = 200, 20
LONGEST, LARGEST = 120, 8_000
"""Characters of a path, and of a session before and after: of larger ones no change is kept."""


@dataclass(frozen=True)
class Trail:
    """What a request and its answer tell of the tab that they belong to."""

    here: str
    """Path and query."""
    came_from: str | None
    """The same of the page that it was sent from."""
    leads_to: str | None
    """The same of the page that its answer leads to; None where it is a page itself."""
    mark: str
    """The name that a form gives its tab; empty without JavaScript. See tabs.py."""
    opens: bool
    """Whether the answer is what the tab shows next; not so of a script's request."""
    begun: float
    ended: float
    """Seconds of this process's clock, `time.perf_counter()`."""

    @classmethod
    def of(cls, request: Any, response: Any, begun: float, ended: float) -> Self:
        sent_form = request.method == "POST" and response.status_int < 400  # it could be read
        return cls(
            here=request.path_qs[:LONGEST],
            came_from=_address(request, request.referer),
            leads_to=_address(request, response.location),
            mark=str(request.POST.get("tab", ""))[:8] if sent_form else "",
            opens=request.headers.get("Sec-Fetch-Dest", "document") == "document",
            begun=begun,
            ended=ended,
        )


def _address(request: Any, url: str | None) -> str | None:
    """Path and query of a page of this shop."""
    try:
        parts = urlsplit(url or "")
    except ValueError:  # what a browser would not send
        return None
    if not url or parts.netloc not in ("", request.host):
        return None
    return (parts.path + (f"?{parts.query}" if parts.query else ""))[:LONGEST]


@dataclass
class Step:
    """One request of a session, as it is noted: what can be worked out later is left for then."""

    request: str
    """Method and path."""
    route: str | None
    status: int
    trail: Trail
    """When, and from which page to which."""
    replays: int
    """How often it was begun anew, as another request had changed the session meanwhile."""
    brought: int | None
    """Bytes of the cookie that came with it; None without one."""
    sent: int | None
    """Bytes of the cookie in its answer; 0 where it was taken back, None where left alone."""
    kind: str
    """read, create, update, touch or rotate: what was done to the record."""
    version: int
    """The record's, after the request."""
    texts: tuple[str, str]
    """Its data before and after, as JSON."""
    load: Stage
    save: Stage
    countable: bool

    @cached_property
    def values(self) -> Values:
        """All that has changed."""
        return changes(*self.texts)

    @property
    def news(self) -> Values:
        """The same without messages that were shown once."""
        return news_of(self.values)

    @property
    def trips(self) -> int | None:
        return self.load.trips + self.save.trips if self.countable else None


class Journal:
    """Steps, by a digest of the record's key; where nothing is stored, that is the cookie.

    Under a new key goes a copy: who still holds an older signed cookie, or had it planted, does not
    see what was done with the next one. An ended id leads to no record, so to no history either.
    """

    def __init__(self, sessions: int = SESSIONS, steps: int = STEPS) -> None:
        self._sessions, self._steps = sessions, steps
        self._histories: OrderedDict[bytes, deque[Step]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, key: str, step: Step, since: str | None = None) -> None:
        """`since`: the key that it was known by until now, and whose history goes on."""
        with self._lock:
            before = self._histories.get(_digest(since or key), ())
            self._histories[_digest(key)] = deque([*before, step], self._steps)
            self._histories.move_to_end(_digest(key))
            while len(self._histories) > self._sessions:
                self._histories.popitem(last=False)

    def of(self, key: str) -> list[Step]:
        """The oldest first."""
        with self._lock:
            return list(self._histories.get(_digest(key), ()))


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def history_of(of: Subject) -> list[Step]:
    """The steps of this visitor that this process has seen. An ended id leads to none."""
    journal: Journal = of.request.registry["inspector.journal"]
    record = cost_of(of.request).record
    if record is None or of.session is None or of.session.new:
        return []
    return journal.of(record.key)


def last_change(of: Subject) -> Step | None:
    return next((step for step in reversed(history_of(of)) if step.news), None)


def remember(event: Any) -> None:
    """On NewResponse: note what this request has done, if it has asked for a session."""
    cost: Cost | None = event.request.__dict__.get("session_cost")
    if cost is None or cost.load.error or cost.save.error:
        return
    journal: Journal = event.request.registry["inspector.journal"]
    change = cost.change
    old = new = cost.record
    if change is not None:  # what was loaded may have expired: then it is no part of the change
        old, new = getattr(change, "old", None), getattr(change, "new", None)
    if new is not None:
        since = old.key if old is not None and _same_visitor(old.data, new.data) else None
        if new.data != "{}" or since:
            before = old.data if since and old else "{}"
            journal.note(new.key, _step(event, cost, before, new), since)


def _same_visitor(before: str, after: str) -> bool:
    """Whether the history may be shown with what is in the session now."""
    if before == after:
        return True
    return after != "{}" and _user_in(before) in (None, _user_in(after))


def _user_in(data: str) -> Any:
    user = json.loads(data).get("user")
    return user.get("id") if isinstance(user, dict) else user


def _step(event: Any, cost: Cost, before: str, new: Record) -> Step:
    request, now = event.request, time.perf_counter()
    name = request.registry["session.settings"].cookie_name
    known = isinstance(cost.change, Create | Update | Touch | Rotate)
    small = len(before) + len(new.data) <= LARGEST
    return Step(
        request=f"{request.method} {request.path}"[:LONGEST],
        route=getattr(request.matched_route, "name", None),
        status=event.response.status_int,
        trail=Trail.of(
            request, event.response, request.environ.get("demoapp.begun", now), ended=now
        ),
        replays=request.environ.get("retry.attempt", 0),
        brought=_brought(request, name),
        sent=_sent(event.response, name),
        kind=type(cost.change).__name__.lower() if known else "read",
        version=new.version,
        texts=(before, new.data) if small else ("{}", "{}"),
        load=cost.load,
        save=cost.save,
        countable=cost.countable,
    )


def _brought(request: Any, name: str) -> int | None:
    """Bytes of the session's cookie, with its name."""
    for shown in (name, f"__Host-{name}"):
        if (value := request.cookies.get(shown)) is not None:
            return len(f"{shown}={value}".encode())
    return None


def _sent(response: Any, name: str) -> int | None:
    for header in response.headers.getall("Set-Cookie"):
        pair, _, rest = header.partition(";")
        if pair.partition("=")[0] in (name, f"__Host-{name}"):
            return 0 if "max-age=0" in rest.lower() else len(pair.encode())
    return None
