"""Tasks that run one at a time, and every order of their steps in turn.

A task is a greenlet. It stops at each :class:`Point`, and goes on when it is told how that is
to turn out. So what happens depends on the choices alone: a list of them can be run again.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]
from pyramid.threadlocal import manager as threadlocals

Trail = list[tuple[str, list[str]]]
"""What was chosen at each step, and what could have been."""


class Abandoned(BaseException):
    """The process of a task is gone: it does nothing any more, not even clean up."""


@dataclass(frozen=True)
class Point:
    """Where a task has stopped."""

    name: str
    ways: tuple[str, ...] = ("before", "after")
    """How it may fail: before it has taken effect, or after, with the reply lost."""
    ready: Callable[[], bool] = lambda: True
    at_once: bool = False
    """The order does not matter here, so nobody else is let in between."""


class Task:
    running: ClassVar["Task | None"] = None
    steps: ClassVar[int] = 0  # of all tasks

    def __init__(self, work: Callable[[], None]) -> None:
        self._greenlet = greenlet(work)
        self._stack: list[Any] = []  # Pyramid's, of this task's requests
        self.point: Point | None = None  # None: not begun
        self.crashed = False
        self.past = 0  # stands for all that it has been told so far

    @property
    def over(self) -> bool:
        return bool(self._greenlet.dead)

    def go(self, how: str) -> None:
        """Do what it has stopped at, then go on to the next; the first time, both."""
        if self.point is None:
            self._switch(None)
        if not self.over:
            self._switch(how)
        Task.steps += 1

    def _switch(self, how: str | None) -> None:
        Task.running = self
        outer, threadlocals.stack = threadlocals.stack, self._stack
        try:
            self.point = self._greenlet.switch(*([] if how is None else [how])) or self.point
        finally:
            Task.running, threadlocals.stack = None, outer

    def stop(self, point: Point) -> str:
        """Called in the task."""
        if self.crashed:
            raise Abandoned
        how: str = getcurrent().parent.switch(point)
        self.crashed = how == "crash"
        self.learn(point.name, how, time.time())
        if self.crashed:
            raise Abandoned
        return how

    def learn(self, *facts: object) -> None:
        """What it does from here on follows from what it has learned, and nothing else."""
        self.past = hash((self.past, *facts))

    def abandon(self) -> None:
        if self.point and not self.over:
            self.crashed = True
            self._greenlet.throw(Abandoned)


def explore(run: Callable[[list[str]], Trail]) -> Iterator[Trail]:
    """Run every schedule, depth first. `run` follows a prefix, then takes the first choices."""
    prefixes: list[list[str]] = [[]]
    while prefixes:
        prefix = prefixes.pop()
        trail = run(prefix)
        yield trail
        chosen = [choice for choice, _ in trail]
        for depth in range(len(prefix), len(trail)):
            for other in trail[depth][1][1:]:
                prefixes.append([*chosen[:depth], other])
