"""The time machine: the last requests of this session, step by step, the latest first."""

import time
from dataclasses import dataclass

from demoapp.lessons.inspector.changes import Values
from demoapp.lessons.inspector.journal import Step, history_of, view_of
from demoapp.lessons.inspector.layers import Subject

SHOWN = 6
"""Values of one change."""


@dataclass(frozen=True)
class Told:
    """One step in words."""

    request: str
    view: str
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
    oldest_first = zip([None, *history], history, strict=False)
    return [told(of, step, last) for last, step in oldest_first][::-1]


def told(of: Subject, step: Step, last: Step | None) -> Told:
    crossed = []
    if last is not None and step.begun < last.ended:
        crossed.append(of.say("step_together"))
    if step.replays:
        crossed.append(of.say("step_replayed", count=step.replays))
    return Told(
        request=step.request,
        view=view_of(of.request.registry, step),
        status=step.status,
        ago=_ago(of, time.perf_counter() - step.begun),
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
