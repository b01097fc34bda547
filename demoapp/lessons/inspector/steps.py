"""The time machine: the last requests of this session, step by step, the latest first."""

import time
from dataclasses import dataclass
from inspect import isfunction
from typing import Any

from demoapp.lessons.inspector.changes import Values
from demoapp.lessons.inspector.journal import Step, history_of
from demoapp.lessons.inspector.layers import Subject
from demoapp.lessons.inspector.tabs import tabs
from demoapp.lessons.quoting import Quote, quoted

SHOWN = 6
"""Values of one change."""


@dataclass(frozen=True)
class Told:
    """One step in words."""

    request: str
    tab: int
    """Its number; 0 where all steps are of one."""
    code: Quote | None
    """The view that has answered."""
    status: int
    ago: str
    lines: list[str]
    """The cookie, the record, the trips."""
    crossed: list[str]
    """What another request, on its way at the same time, has to do with it."""
    values: Values
    more: int
    """Values that are not shown."""


def steps(of: Subject) -> list[Told]:
    history = history_of(of)
    numbers = tabs(step.trail for step in history)
    if len(set(numbers)) == 1:
        numbers = [0] * len(history)
    oldest_first = zip([None, *history], history, numbers, strict=False)
    return [told(of, step, last, tab) for last, step, tab in oldest_first][::-1]


def told(of: Subject, step: Step, last: Step | None, tab: int) -> Told:
    crossed = []
    if last is not None and step.trail.begun < last.trail.ended:
        crossed.append(of.say("step_together"))
    if step.replays:
        crossed.append(of.say("step_replayed", count=step.replays))
    return Told(
        request=step.request,
        tab=tab,
        code=code_of(of.request.registry, step),
        status=step.status,
        ago=_ago(of, time.perf_counter() - step.trail.begun),
        lines=[
            _cookie(of, step),
            of.say(f"step_{step.kind}", version=step.version),
            _trips(of, step),
        ],
        crossed=crossed,
        values=step.values[:SHOWN],
        more=len(step.values[SHOWN:]),
    )


def _ago(of: Subject, seconds: float) -> str:
    if seconds < 120:
        return of.say("step_seconds", count=int(seconds))
    return of.say("step_minutes", count=int(seconds / 60))


def _cookie(of: Subject, step: Step) -> str:
    brought = of.say("step_no_cookie")
    if step.brought is not None:
        brought = of.say("step_cookie", bytes=step.brought)
    if step.sent is None:
        return brought
    return f"{brought} → {of.say('step_sent' if step.sent else 'step_taken', bytes=step.sent)}"


def _trips(of: Subject, step: Step) -> str:
    if step.trips is None:
        return of.say("unknown")
    return of.say("step_trips", load=step.load.trips, save=step.save.trips)


def code_of(registry: Any, step: Step) -> Quote | None:
    """The function that answers such a request; None where none of ours does."""
    method = step.request.partition(" ")[0]
    for one in registry.introspector.get_category("views") or ():
        view = one["introspectable"]
        methods = view["request_methods"] or method
        if step.route and view["route_name"] == step.route and method in methods:
            function = view["callable"]
            ours = isfunction(function) and function.__module__.startswith("demoapp.")
            return quoted(function) if ours else None
    return None
