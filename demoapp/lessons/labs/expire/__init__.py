"""A second session beside the visitor's own, by the same code, with limits short enough to see."""

import time
from typing import Any

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.lessons.labs.layer import another_layer
from demoapp.sessions.settings import SessionSettings
from demoapp.shop.strategies import NAMES

IDLE, ABSOLUTE = 5, 20
"""Seconds."""
TOLERANCE = 1.0
"""A cookie session counts whole seconds."""


def short_session(request: Any) -> Any:
    """The strategy of the ini file once more, with other limits and another cookie."""
    registry = request.registry
    if "labs.short_sessions" not in registry:
        registry["labs.short_sessions"] = another_layer(
            registry,
            {
                "session.cookie_name": "lab-short-session",
                "session.idle_timeout": str(IDLE),
                "session.absolute_timeout": str(ABSOLUTE),
                "session.touch_interval": "0",
            },
        )
    return registry["labs.short_sessions"](request)


def begin(bench: Bench) -> None:
    session, now = short_session(bench.request), time.time()
    bench.notes["begun"], bench.notes["seen"] = session.setdefault("begun", now), now


def look(bench: Bench) -> None:
    """One request to the short session: is it still there? That extends its idle time."""
    notes, session = bench.notes, short_session(bench.request)
    notes["age"], notes["idle"] = round(bench.since("begun"), 1), round(bench.since("seen"), 1)
    notes["alive"] = session.get("begun") == notes["begun"]
    if notes["alive"]:
        notes["seen"] = time.time()


ACTIONS = {"begin": begin, "look": look}
NEXT = {"": ("begin",), "begin": ("look",), "look": ("look",)}
RAN = dict.fromkeys(NAMES, (look, SessionSettings.in_time))


def observe(bench: Bench) -> Observation | None:
    notes, label = bench.notes, bench.texts["label"]
    if "age" not in notes:
        return None
    state = label["alive" if notes["alive"] else "over"]
    rows = {"age": notes["age"], "idle": notes["idle"], "state": state}
    return Observation(_outcome(notes["alive"], notes["age"], notes["idle"]), rows)


def _outcome(alive: bool, age: float, idle: float) -> str | None:
    """Which limit it was: the one that had passed first."""
    past = {"absolute": age - ABSOLUTE, "idle": idle - IDLE}
    first = max(past, key=past.__getitem__)
    if alive:
        return "late" if past[first] > TOLERANCE else None
    return first if past[first] > -TOLERANCE else "early"


def seconds_left(bench: Bench) -> float | None:
    """Seconds until the short session ends if nobody looks, for the page's countdown."""
    notes = bench.notes
    if "begun" not in notes or not notes.get("alive", True):
        return None
    ends = min(notes["seen"] + IDLE, notes["begun"] + ABSOLUTE)
    return round(float(ends) - time.time(), 1)
