"""What the session cost a request: time and round trips, told in the Server-Timing header.

    Server-Timing: session-load;dur=0.412;desc="1 trip", session-save;dur=0.803;desc="2 trips"

Browsers show it in their network panel (W3C Server Timing; `dur` is milliseconds). A trip is a
command or statement that a store sends and waits for. BEGIN and COMMIT are not counted: they
belong to the request's transaction, which there would be without a session as well.
"""

import threading
import time
from collections.abc import Callable
from typing import Any


class _Made(threading.local):
    trips = 0


_made = _Made()


def trip() -> None:
    """A store says it with every command it sends."""
    _made.trips += 1


class Stage:
    """`with stage:` adds the time and the trips of what is done inside."""

    __slots__ = ("_before", "_begun", "error", "seconds", "trips")

    def __init__(self) -> None:
        self.seconds, self.trips = 0.0, 0
        self.error: object = None
        """What went wrong inside, for who counts errors; nobody else needs it."""

    def __enter__(self) -> None:
        self._before, self._begun = _made.trips, time.perf_counter()

    def __exit__(self, kind: object, error: object, *traceback: object) -> None:
        self.error = error or self.error
        self.seconds += time.perf_counter() - self._begun
        self.trips += _made.trips - self._before


class Cost:
    """Loading and saving, in this attempt of the request."""

    __slots__ = ("countable", "load", "save", "saved")

    def __init__(self) -> None:
        self.load, self.save = Stage(), Stage()
        self.saved = False
        """Whether there was anything to save; to find that out costs little, but not nothing."""
        self.countable = True
        """False for a foreign session, which may send what it likes, whenever it likes."""

    def __str__(self) -> str:
        stages = [("session-load", self.load)] + [("session-save", self.save)] * self.saved
        return ", ".join(f"{name};{self._entry(stage)}" for name, stage in stages)

    def _entry(self, stage: Stage) -> str:
        trips = f"{stage.trips} trip{'s' * (stage.trips != 1)}" if self.countable else "unknown"
        return f'dur={stage.seconds * 1000:.3f};desc="{trips}"'


def cost_of(request: Any) -> Cost:
    cost: Cost | None = request.__dict__.get("session_cost")
    if cost is None:
        cost = request.session_cost = Cost()
    return cost


def timed(factory: Callable[[Any], Any], countable: bool) -> Callable[[Any], Any]:
    """A session factory that is not ours, with the time it takes to make a session."""

    def session_factory(request: Any) -> Any:
        cost = cost_of(request)
        cost.countable = countable
        with cost.load:
            return factory(request)

    return session_factory


def tell(event: Any) -> None:
    """On NewResponse, which comes after every tween and response callback."""
    if cost := event.request.__dict__.get("session_cost"):
        event.response.headers.add("Server-Timing", str(cost))
