"""The stores under the explorer: each call stops at the scheduler, and may be made to fail."""

# ruff: noqa: B027 - a bed may do nothing where its store needs nothing

import abc
import time
from collections.abc import Callable
from typing import Any, Self
from unittest import mock

from demoapp.sessions.interfaces import (
    Change,
    ISessionStore,
    Record,
    SessionStoreUnavailable,
    Store,
)
from tests.explorer.scheduler import Point, Task

BEFORE, BOTH = ("before",), ("before", "after")


class Clock:
    """`time.time` in the whole process; it stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = time.time()
        self._patch = mock.patch("time.time", lambda: self.now)

    def __enter__(self) -> Self:
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()


class Watched(Store):
    """A store between the session layer and the real one."""

    def __init__(self, bed: "Bed", store: Store) -> None:
        self._bed = bed
        self._store = store
        self.in_sql_transaction = store.in_sql_transaction
        self.on_change: Callable[[Change], None] = lambda change: None
        self.on_commit: Callable[[], None] = lambda: None
        self.on_delete: Callable[[str], None] = lambda key: None

    def _at(self, point: Point, call: Callable[[], Any], writer: str = "") -> Any:
        task = Task.running
        if task is None or point.name in self._bed.inward:
            return call()
        how = task.stop(point)
        try:
            result = call() if how != "before" else None
        except Exception as err:
            task.learn(type(err))
            raise
        task.learn(tuple(result) if isinstance(result, list) else result)
        if how:
            self._bed.failed(point.name, writer)
            raise SessionStoreUnavailable(f"the explorer says: {how}")
        return result

    def _wait(self, name: str, key: str, call: Callable[[], Any], writer: str, *what: Any) -> Any:
        """At a point where other requests may have to be waited for."""
        task = Task.running

        def called() -> Any:
            if task:
                self._bed.called(task, name, key, *what)
            return call()

        point = Point(name, ready=lambda: task is None or self._bed.free(task, name, key))
        return self._at(point, called, writer)

    def load(self, request: Any, key: str, lock: str | None = None) -> Any:
        def call() -> Any:
            return self._store.load(request, key, lock)

        return (
            self._wait("load", key, call, lock) if lock else self._at(Point("load", BEFORE), call)
        )

    def write(self, request: Any, change: Change) -> None:
        self._change("write", request, change)

    def prepare(self, request: Any, change: Change) -> None:
        self._change("prepare", request, change)

    def commit(self, request: Any, change: Change) -> None:
        self._change("commit", request, change)

    def _change(self, name: str, request: Any, change: Change) -> None:
        self.on_change(change)
        old = getattr(change, "old", None)

        def call() -> None:
            getattr(self._store, name)(request, change)
            if name != "prepare":
                self.on_commit()

        if old is None or name == "commit":
            self._at(Point(name), call, change.writer)
        else:
            self._wait(name, old.key, call, change.writer, change)

    def withdraw(self, request: Any, change: Change) -> None:
        call = self._store.withdraw
        self._at(Point("withdraw"), lambda: call(request, change), change.writer)

    def release(self, request: Any, key: str, writer: str) -> None:
        call = self._store.release
        self._at(Point("release"), lambda: call(request, key, writer), writer)

    def delete(self, request: Any, key: str) -> None:
        def call() -> None:
            self._store.delete(request, key)
            self.on_delete(key)

        self._wait("delete", key, call, "")

    def owned_by(self, request: Any, owner: str) -> list[Record]:
        call = self._store.owned_by
        found: list[Record] = self._at(Point("list", BEFORE), lambda: call(request, owner))
        return found

    def unharmed(self, request: Any) -> bool:
        return self._store.unharmed(request)

    def enlist(self, request: Any) -> None:
        if not (Task.running and Task.running.crashed):
            self._store.enlist(request)


class RowLost(Exception):
    """The database of the test has failed."""


class Rows:
    """The database of the test where the session is not in it: commits like zope.sqlalchemy."""

    def __init__(self, rows: list[int], manager: Any, number: int) -> None:
        self.transaction_manager = manager
        self._rows = rows
        self._number = number

    def sortKey(self) -> str:
        return "~rows"

    def tpc_vote(self, transaction: Any) -> None:
        how = Task.running.stop(Point("rows", at_once=True)) if Task.running else ""
        if how != "before":
            self._rows.append(self._number)
        if how:
            raise RowLost

    def nothing(self, transaction: Any) -> None: ...

    tpc_begin = commit = tpc_finish = abort = tpc_abort = nothing


class Bed(abc.ABC):
    """One store with an application on it."""

    settings: dict[str, str]
    one_database = False
    """Whether the session and the rows of the test are in one transaction."""
    inward: tuple[str, ...] = ()
    """Calls that reach nothing outside the process, so that they cannot fail."""
    crashes = True
    """Whether sessions outlive the process at all."""
    errors: tuple[type[Exception], ...] = ()
    """Of its own, that its application answers with 503."""

    def configure(self, config: Any) -> None:
        """What its application needs besides."""

    def add_row(self, request: Any, number: int, world: Any) -> None:
        """In the transaction of the request."""
        request.tm.get().join(Rows(world.rows, request.tm, number))

    def rows(self, world: Any) -> list[int]:
        found: list[int] = world.rows
        return found

    def watch(self, app: Any) -> Watched:
        self.app = app
        self.store = app.registry.getUtility(ISessionStore)
        watched = Watched(self, self.store)
        app.registry.registerUtility(watched, ISessionStore)
        app.registry["session.factory"].store = watched
        return watched

    def free(self, task: Task, name: str, key: str) -> bool:
        """Whether a call of that name would not have to wait for another request.

        Only for stores where to wait would stop this very thread.
        """
        return True

    def called(self, task: Task, name: str, key: str, change: Change | None = None) -> None:
        """It is called now: from here on others may have to wait for this one."""

    def failed(self, name: str, writer: str) -> None:
        """A call has just failed, or its reply was lost."""

    def advance(self, seconds: float) -> None:
        """Time has passed, also for a store with a clock of its own."""

    def crashed(self, writer: str) -> None:
        """The process of that request is gone."""

    def state(self) -> Any:
        """What is stored, as far as it can make a difference; None if that is not known."""

    @abc.abstractmethod
    def snapshot(self) -> Any: ...

    @abc.abstractmethod
    def restore(self, snapshot: Any) -> None: ...

    @abc.abstractmethod
    def locks(self) -> list[str]:
        """What is locked now."""

    @abc.abstractmethod
    def left_over(self) -> list[str]:
        """What is left after all time limits, when it has been cleared up."""

    def close(self) -> None: ...


class Turn:
    """Stands in for a Condition: to wait is to stop at the scheduler."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def notify_all(self) -> None: ...

    def wait_for(self, ready: Callable[[], bool], timeout: float) -> bool:
        if ready():
            return True
        if Task.running is None:
            return False
        return Task.running.stop(Point("wait", BEFORE, ready)) != "before" and ready()


def nap(seconds: float) -> None:
    """Stands in for time.sleep: whoever asks again and again lets others go first."""
    if Task.running:
        others = Task.steps
        Task.running.stop(Point("nap", (), lambda: Task.steps > others + 1))


class Memory(Bed):
    crashes = False

    def __init__(self) -> None:
        self.settings = {"session.strategy": "memory"}
        self._failed: set[str] = set()

    def failed(self, name: str, writer: str) -> None:
        """In truth it never fails; here, like the others, it then has locks that end in time."""
        self._failed.add(writer)

    def advance(self, seconds: float) -> None:
        for key, queue in list(self.store._turns._queues.items()):
            for writer in self._failed.intersection(queue):
                self.store.release(None, key, writer)

    def state(self) -> Any:
        parts = self.store._records, self.store._ended
        queues = ((key, tuple(queue)) for key, queue in self.store._turns._queues.items())
        return (
            *(frozenset(part.items()) for part in parts),
            frozenset(queues),
            frozenset(self._failed),
        )

    def snapshot(self) -> Any:
        return dict(self.store._records)

    def restore(self, snapshot: Any) -> None:
        for part in (
            self.store._records,
            self.store._ended,
            self.store._turns._queues,
            self._failed,
        ):
            part.clear()
        self.store._records.update(snapshot)

    def locks(self) -> list[str]:
        return list(self.store._turns._queues)

    def left_over(self) -> list[str]:
        self.store._make_room()
        return [*self.store._records, *self.store._ended]
