"""The instructions of a lab: which step is done, which comes now, and the buttons of each."""

from dataclasses import dataclass
from typing import Any

from demoapp.lessons.labs.bench import Bench

Button = tuple[str, str]
"""An action, and what the button says."""


@dataclass(frozen=True)
class Step:
    text: str
    command: str | None
    link: str | None
    buttons: list[Button]
    state: str
    """done, now, or later."""


def steps(bench: Bench) -> list[Step]:
    """The steps of lab.toml: one `does` actions, and has their buttons while they are offered.

    What no step does has its button in the last one.
    """
    told = [filled_in(bench, step) for step in bench.texts["steps"]]
    claimed = {action for step in told for action in step["does"]}
    told[-1]["does"] += [action for action in bench.offered if action not in claimed]
    offered = () if must_log_in(bench) else bench.offered
    last, now = _progress(bench, [step["does"] for step in told])
    return [
        Step(
            step["text"],
            step.get("command"),
            step.get("link"),
            [(a, bench.texts["action"][a]) for a in step["does"] if a in offered],
            "now" if i == now or last < i < now else "done" if i < now else "later",
        )
        for i, step in enumerate(told)
    ]


def must_log_in(bench: Bench) -> bool:
    """Before anything else: a prediction would be forgotten on the way to the login."""
    begun, needs = bench.notes.get("step"), bench.texts.get("needs", ())
    return not begun and "login" in needs and bench.request.current_user is None


def _progress(bench: Bench, does: list[list[str]]) -> tuple[int, int]:
    """The step that was done last, or -1, and the one that has what is offered now."""
    taken = bench.notes.get("step")
    last = next((i for i, actions in enumerate(does) if taken in actions), -1)
    ahead = [*range(last + 1, len(does)), *range(last + 1)]
    now = next((i for i in ahead if set(does[i]) & set(bench.offered)), last + 1)
    return last, now


def neighbour(port: str) -> str:
    """The port beside the shop's, in a class on one machine too: 6543 and 6544, 6553 and 6554."""
    number = int(port) if port.isdecimal() else 0
    return str(number + 1 if number % 2 else number - 1) if number > 1024 else "6544"


def filled_in(bench: Bench, step: Any) -> dict[str, Any]:
    """A step of the instructions, with commands for this very shop."""
    told: dict[str, Any] = {"text": step} if isinstance(step, str) else dict(step)
    told["does"] = list(told.get("does", ()))
    host = bench.request.host
    for name, value in {
        "strategy": bench.strategy,
        "other_strategy": "database" if bench.strategy == "memory" else "memory",
        "host": host.rpartition(":")[0] if ":" in host else host,
        "other_port": neighbour(bench.request.host_port),
    }.items():
        if "command" in told:
            told["command"] = told["command"].replace(f"{{{name}}}", value)
    return told
