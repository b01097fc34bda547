"""An application, one browser, and its requests in an order that a schedule tells."""

import base64
import hashlib
import itertools
import logging
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from typing import Any
from unittest import mock

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from transaction.interfaces import TransientError

from demoapp.sessions.interfaces import (
    Change,
    Create,
    Delete,
    Ended,
    Record,
    Rotate,
    SessionEnded,
    SessionError,
)
from demoapp.sessions.settings import SessionSettings
from tests.explorer.checks import check
from tests.explorer.operations import EXPIRE, USER, Case, Visit, login, put
from tests.explorer.scheduler import Abandoned, Task, Trail
from tests.explorer.stores import BEFORE, BOTH, Bed, Clock, RowLost, Turn, nap

SECRET = "explorer" * 4


class Violation(Exception):
    """What must not happen has happened."""


def view(request: Any) -> Response:
    answer = request.environ["explorer.act"](request)
    return answer if isinstance(answer, Response) else Response()


def sorry(error: Exception, request: Any) -> Response:
    return Response(status=409 if isinstance(error, SessionEnded) else 503)


class World(logging.Handler):
    """An application on a store; :meth:`run` plays one schedule in it."""

    def __init__(self, bed: Bed, clock: Clock) -> None:
        super().__init__(logging.WARNING)
        self.bed, self.clock, self._began = bed, clock, clock.now
        self.tell: Callable[[str], Any] = lambda line: None
        self._patches = ExitStack()
        for name in ("demoapp.sessions", "txn"):  # of an outage they have much to tell
            self._listen(logging.getLogger(name))
        self._patch("demoapp.sessions.session.new_id", self._new_id)
        self._patch("time.sleep", nap)
        for name in ("print_tb", "print_stack"):  # `transaction` takes most of the time for them
            self._patch(f"traceback.{name}", lambda *_: None)
        # a transaction manager a request: all run in one thread
        settings = {
            "session.secret": SECRET,
            "tm.manager_hook": "pyramid_tm.explicit_manager",
            **bed.settings,
        }
        turns = mock.patch("demoapp.sessions.turns.Condition", Turn)
        with turns, Configurator(settings=settings) as config:
            config.include("demoapp.sessions")
            bed.configure(config)
            config.add_view(view)
            for error in (SessionError, RowLost, TransientError, *bed.errors):
                config.add_exception_view(sorry, context=error)
        self.app = config.make_wsgi_app()
        factory = self.app.registry["session.factory"]
        self.key, self.limits = cache(factory.ids.key), factory.settings
        watched = bed.watch(self.app)
        watched.on_change, watched.on_commit = self._changed, self._committed
        watched.on_delete = self._deleted
        self._clear()
        self._empty = bed.snapshot()
        self._starts: dict[str, Any] = {}

    def _listen(self, logger: logging.Logger) -> None:
        logger.addHandler(self)
        self._patches.callback(logger.removeHandler, self)
        self._patches.enter_context(mock.patch.object(logger, "propagate", False))

    def _patch(self, name: str, value: Any) -> None:
        self._patches.enter_context(mock.patch(name, value))

    def close(self) -> None:
        super().close()
        self._patches.close()
        self.bed.close()

    def _clear(self) -> None:
        self.clock.now = self._began
        self.rows: list[int] = []
        self.jar = ""  # the browser's cookie
        self.known: list[str] = []  # every id there has been
        self.dead: set[str] = set()  # ids that were ended, with success
        self.parents: dict[str, str] = {}  # of keys: what was rotated to what
        self.over: set[str] = set()  # where a logout has ended a line of sessions
        self.expired = False
        self.visits: dict[Task, Visit] = {}
        self._count = itertools.count(1)
        self._delivering = False
        self._reader = 0  # the number of who has only read, at the last step

    # -- where a schedule begins

    def _begin(self, start: str) -> None:
        self._clear()
        if start not in self._starts:
            self.bed.restore(self._empty)
            self._set_up(start)
            self._starts[start] = self.bed.snapshot(), self.jar, [*self.known], self.clock.now
        snapshot, self.jar, known, self.clock.now = self._starts[start]
        self.known, self.first = [*known], self.jar
        self.bed.restore(snapshot)

    def _set_up(self, start: str) -> None:
        """A visitor with something in the cart, a guest or not, whose user has another device."""
        self.other = self._send("", lambda request: login(request, 0))[1] or ""
        self.jar = self._send("", lambda request: put(request, 0))[1] or ""
        if start == "member":
            self.jar = self._send(self.jar, lambda r: r.session.log_in(USER))[1] or ""
        self.let_pass(self.limits.touch_interval + 1)

    # -- one schedule

    def run(self, case: Case, prefix: list[str]) -> Trail:
        """Follow the prefix, then take the first choice each time; raises Violation."""
        trail: Trail = []
        self._begin(case.start)
        if not prefix:
            self._seen: set[int] = set()
        self.case, self._faults = case, 0
        self.tasks = [self._task(n, name) for n, name in enumerate(case.names, 1)]
        try:
            while options := self._options():
                step, options = len(trail), self._first_of_two(options)
                if not options or (step >= len(prefix) and self._known_end()):
                    return trail
                choice = prefix[step] if step < len(prefix) else options[0]
                trail.append((choice, options))
                self.tell(self._told(choice))
                self._take(choice)
            for problem in check(self):
                raise Violation(problem)
        except Violation as err:
            err.add_note(f"{case} / {' '.join(choice for choice, _ in trail)}")
            raise
        finally:
            for task in self.tasks:
                task.abandon()
        return trail

    def _known_end(self) -> bool:
        """Whether another schedule has come to this very state. Only memory can tell."""
        stored = self.bed.state()
        if stored is None:
            return False
        answers = sorted(self.visits.values(), key=lambda v: (v.arrived, v.issued))
        state = hash((
            stored, self.clock.now, self.jar, tuple(self.rows),
            self._faults, self._delivering, self._reader,
            frozenset(self.dead), frozenset(self.over), frozenset(self.parents.items()),
            tuple((task.past, task.over, bool(task.point)) for task in self.tasks),
            tuple((v.number, v.status, v.delivered, v.shown, v.ended) for v in answers),
        ))  # fmt: skip
        known = state in self._seen
        self._seen.add(state)
        return known

    def _told(self, choice: str) -> str:
        """The step in words, for who plays one schedule again."""
        number, _, how = choice.partition(":")
        task = self.tasks[int(number) - 1]
        point = "begins" if task.point is None else "" if task.over else task.point.name
        return f"{choice:10} {self.case.names[int(number) - 1]} {point} {how}"

    def _task(self, number: int, name: str) -> Task:
        if name == EXPIRE:
            return Task(self._expire)
        visit = Visit(number, name)
        task = Task(lambda: self._play(visit))
        self.visits[task] = visit
        return task

    def _options(self) -> list[str]:
        going = [task for task in self.tasks if not task.over]
        first = [task for task in going if task.point and task.point.at_once] or going
        ways = {task: self._ways(task) for task in first if self._may_go(task)}
        ready = self._arrivals(going) if first == going else []
        if going and not ways and not ready:
            # what is still locked, by who crashed, ends by itself
            self.let_pass(self.limits.wait_timeout)
            Task.steps += 2
            ways = {task: self._ways(task) for task in first if self._may_go(task)}
            if not ways:
                raise Violation("nobody can go on")
        numbers = {task: str(self.tasks.index(task) + 1) for task in ways}
        return [
            *numbers.values(),
            *ready,
            *(f"{numbers[task]}:{way}" for task in ways for way in ways[task]),
        ]

    def _may_go(self, task: Task) -> bool:
        """An answer arrives just before something that it can make a difference to."""
        return task.point is None or (not self._delivering and task.point.ready())

    def _first_of_two(self, options: list[str]) -> list[str]:
        """Two that only read one after the other: in the other order they have been played."""
        return [
            option
            for option in options
            if option.endswith(("deliver", "lost"))
            or int(option[0]) > self._reader
            or not self._reads(self.tasks[int(option[0]) - 1])
        ]

    def _reads(self, task: Task) -> bool:
        if task.point:
            return task.point.name in ("load", "list") and task.point.ways == BEFORE
        return task in self.visits and bool(self.jar)

    def _ways(self, task: Task) -> list[str]:
        if self._faults >= self.case.faults or task not in self.visits:
            return []
        ways = task.point.ways if task.point else BEFORE if self.jar else BOTH
        # after a call is before the next, or the answer is lost; to read has no effect
        return [*ways, "crash"] if self.bed.crashes and ways == BOTH else [*ways]

    def _arrivals(self, going: list[Task]) -> list[str]:
        """Answers that may arrive now; at the end also: that never do."""
        if going and all(task.point for task in going):
            return []
        due = [v for v in self.visits.values() if v.cookie is not None and not v.delivered]
        ways = ["deliver"]
        if not going and self._faults < self.case.faults:
            ways.append("lost")
        return [f"{visit.number}:{way}" for way in ways for visit in due]

    def _take(self, choice: str) -> None:
        number, _, how = choice.partition(":")
        task = self.tasks[int(number) - 1]
        self._delivering = how == "deliver"
        reads = how not in ("deliver", "lost") and self._reads(task)
        self._reader = int(number) if reads else 0
        self._faults += how not in ("", "deliver")
        if how in ("deliver", "lost"):
            visit = self.visits[task]
            visit.delivered = how
            visit.arrived = next(self._count) if how == "deliver" else 0
            self.jar = visit.cookie or "" if how == "deliver" else self.jar
            return
        if how:
            visit, point = self.visits[task], task.point
            visit.faults.append(f"{point.name if point else 'first'}:{how}")
        task.go(how)

    # -- what tasks do

    def _expire(self) -> None:
        self.let_pass(self.limits.idle_timeout)
        self.expired = True
        self.dead.update(self.known)

    def _play(self, visit: Visit) -> None:
        visit.shown, visit.ended = self.jar, self.jar in self.dead
        task, method = self.tasks[visit.number - 1], visit.operation.method
        try:
            answer = self._send(
                self.jar,
                lambda request: self._view(visit, request),
                method,
                f"writer {visit.number}",
            )
        except Abandoned:
            return
        finally:
            if task.crashed:
                self.bed.crashed(f"writer {visit.number}")
        if task.crashed:  # `transaction` catches everything
            return
        visit.status, visit.cookie = answer
        visit.issued = visit.issued or next(self._count)
        if visit.ok and not visit.unkept and isinstance(visit.wrote, Rotate | Delete):
            self.dead |= {i for i in self.known if self.key(i) == visit.wrote.old.key}

    def _view(self, visit: Visit, request: Any) -> Response | None:
        visit.wrote = None
        visit.saw = request.session.owner, request.session.get("cart")
        if visit.operation.members and request.session.owner != USER:
            return Response(status=403)
        visit.operation.act(request, visit.number)
        if self.case.rows:
            self.bed.add_row(request, visit.number, self)
        return None

    def _send(
        self, cookie: str, act: Any, method: str = "POST", writer: str = "writer 0"
    ) -> tuple[int, str | None]:
        headers = {"Cookie": f"session={cookie}"} if cookie else {}
        environ = {"explorer.act": act, "session.writer": writer}
        request = Request.blank("/", environ=environ, headers=headers, method=method)
        response = request.get_response(self.app)
        sent = response.headers.getall("Set-Cookie")
        if len(sent) > 1:
            raise Violation("an answer has two session cookies")
        if not sent:
            return response.status_int, None
        gone = "Max-Age=0" in sent[0]
        return response.status_int, "" if gone else sent[0].partition(";")[0].partition("=")[2]

    def let_pass(self, seconds: float) -> None:
        self.clock.now += seconds
        self.bed.advance(seconds)

    # -- what is seen of it

    def _new_id(self) -> str:
        """The same when a schedule is run again, and whatever the others do."""
        visit = self._visit()
        seed = f"{visit.number} {len(visit.tried)}" if visit else f"0 {len(self.known)}"
        digest = hashlib.sha256(seed.encode()).digest()
        self.known.append(base64.urlsafe_b64encode(digest).decode().rstrip("="))
        return self.known[-1]

    def emit(self, record: logging.LogRecord) -> None:
        if visit := self._visit():
            visit.logged = True
            self.tell(f"  {record.name}: {record.getMessage()}")

    def _changed(self, change: Change) -> None:
        if isinstance(change, Rotate):
            self.parents[change.new.key] = change.old.key
        if visit := self._visit():
            visit.wrote = change
            visit.tried.append(change)

    def _committed(self) -> None:
        if visit := self._visit():
            visit.kept, visit.issued = True, next(self._count)

    def _visit(self) -> Visit | None:
        return self.visits.get(Task.running) if Task.running else None

    def _deleted(self, key: str) -> None:
        visit = self._visit()
        if visit and self.root(key) != self.root(self.key(visit.shown)):
            self.over.add(self.root(key))

    def root(self, key: str) -> str:
        while key in self.parents:
            key = self.parents[key]
        return key

    def records(self) -> dict[str, Record]:
        """All that give access, by key; not what was prepared by who never came to commit it."""
        found: dict[str, Record | Ended | None] = {}

        def act(request: Any) -> None:
            for key in map(self.key, self.known):
                found[key] = self.bed.store.load(request, key)

        self._send("", act, "GET")
        unborn = {
            change.new.key
            for visit in self.visits.values()
            if visit.faults and not visit.ok and not self.bed.one_database
            for change in visit.tried
            if isinstance(change, Create)
            or (isinstance(change, Rotate) and not _ended_by(found.get(change.old.key), change))
        }
        return {
            key: record
            for key, record in found.items()
            if isinstance(record, Record) and self._in_time(record) and key not in unborn
        }

    def _in_time(self, record: Record) -> bool:
        limits: SessionSettings = self.limits
        return limits.in_time(self.clock.now, record.created, record.last_seen)

    def login_again(self) -> None:
        self.jar = self._send(self.jar, lambda request: request.session.log_in(USER))[1] or ""


def _ended_by(found: Record | Ended | None, change: Change) -> bool:
    return isinstance(found, Ended) and found.writer == change.writer
