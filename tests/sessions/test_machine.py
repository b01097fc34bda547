"""Any sequence of what visitors do, on every store, against a plain dict.

The model knows only what design.md promises: it has no versions, keys, locks or transactions.
"""

import json
import string
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from demoapp.sessions.interfaces import SessionEnded
from tests.sessions.beds import Again, Bed, Clock, Refused
from tests.sessions.conftest import STORES, MakeBed
from tests.sessions.visitor import Visitor

IDLE, ABSOLUTE, INTERVAL = 100, 250, 10

visitors = st.integers(0, 2)
keys = st.sampled_from(["a", "b", "c"])
texts = st.text(max_size=5)  # lone surrogates and control characters included
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
changes = st.one_of(
    st.tuples(st.just("set"), keys, values),
    st.tuples(st.just("append"), keys, values),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("clear")),
    st.tuples(st.just("flash"), texts, st.booleans()),
    st.tuples(st.just("pop flash")),
)
Change = tuple[Any, ...]


def apply(change: Change, session: Any) -> None:
    """To a session; see `Model.apply` for the same to a dict."""
    match change:
        case "set", key, value:
            session[key] = deepcopy(value)
        case "append", key, value:  # nested: nothing is assigned
            session.setdefault(key, [])
            if isinstance(session[key], list):
                session[key].append(deepcopy(value))
        case "delete", key:
            session.pop(key, None)
        case ("clear",):
            session.clear()
        case "flash", text, duplicate:
            session.flash(text, allow_duplicate=duplicate)
        case ("pop flash",):
            session.pop_flash()


class Model:
    """One session as its visitor expects it."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.stored = False  # a session that holds nothing is not begun
        self.began = self.seen = 0.0

    def over(self, now: float) -> bool:
        return self.stored and (now - self.seen >= IDLE or now - self.began >= ABSOLUTE)

    def apply(self, change: Change) -> None:
        match change:
            case "set", key, value:
                self.data[key] = deepcopy(value)
            case "append", key, value:
                old = self.data.setdefault(key, [])
                if isinstance(old, list):
                    self.data[key] = [*old, deepcopy(value)]
            case "delete", key:
                self.data.pop(key, None)
            case ("clear",):
                self.data = {}
            case "flash", text, duplicate:
                queue = self.data.get("_f_", [])
                if duplicate or text not in queue:
                    self.data["_f_"] = [*queue, text]
            case ("pop flash",):
                self.data.pop("_f_", None)

    def text(self) -> str:
        """What a change is found by: 1, 1.0 and True are equal, but not the same."""
        return json.dumps(self.data)

    def written(self, now: float) -> None:
        if self.data and not self.stored:
            self.stored, self.began, self.seen = True, now, now


class Sessions(RuleBasedStateMachine):
    """Three visitors of one application."""

    make: ClassVar[Callable[[Clock], Bed]]

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock().__enter__()
        self.bed = type(self).make(self.clock)
        self.bed.start(
            idle_timeout=str(IDLE), absolute_timeout=str(ABSOLUTE), touch_interval=str(INTERVAL)
        )
        self.visitors = [Visitor(self.bed.app) for _ in range(3)]
        self.models = [Model() for _ in range(3)]
        self.ended: set[str] = set()

    def teardown(self) -> None:
        self.bed.close()
        self.clock.__exit__()

    def current(self, number: int) -> Model:
        """The visitor's model, a fresh one when its session is over."""
        now = self.clock.now
        if self.models[number].over(now):
            self.end(number)
        model = self.models[number]
        # memory and Redis extend a session with every request, a database sometimes
        extends = self.bed.name in ("memory", "redis") or now - model.seen >= INTERVAL
        if model.stored and extends:
            model.seen = now
        return model

    def end(self, number: int) -> None:
        if cookie := self.visitors[number].cookie:
            self.ended.add(cookie)
        self.models[number] = Model()

    def write(self, number: int, before: str) -> None:
        model = self.models[number]
        if model.stored and model.text() != before:
            model.seen = self.clock.now
        model.written(self.clock.now)

    @rule(number=visitors, sequence=st.lists(changes, min_size=1, max_size=4))
    def change(self, number: int, sequence: list[Change]) -> None:
        model, visitor = self.current(number), self.visitors[number]
        before, cookie = model.text(), visitor.cookie

        def act(request: Any) -> None:
            for one in sequence:
                apply(one, request.session)

        visitor.do(act)
        stored = model.stored
        for one in sequence:
            model.apply(one)
        self.write(number, before)
        if stored:
            assert visitor.cookie == cookie
            assert visitor.sent == []

    @rule(number=visitors, sequence=st.lists(changes, max_size=3), flash=st.none() | texts)
    def view_raises(self, number: int, sequence: list[Change], flash: str | None) -> None:
        model = self.current(number)
        before = model.text()

        def act(request: Any) -> None:
            for one in sequence:
                apply(one, request.session)
            raise Refused

        def late(request: Any) -> None:
            if flash is not None:
                request.session.flash(flash)

        # An aborted transaction touches nothing: so look first, as every request of a model does
        self.visitors[number].data()
        self.visitors[number].do(act, late)
        if flash is not None:
            model.apply(("flash", flash, True))
        self.write(number, before)

    @rule(number=visitors)
    def invalidate(self, number: int) -> None:
        self.current(number)
        self.end(number)
        self.visitors[number].do(lambda request: request.session.invalidate())
        assert self.visitors[number].cookie is None

    @rule(number=visitors)
    def rotate(self, number: int) -> None:
        model, old = self.current(number), self.visitors[number].cookie
        self.visitors[number].do(lambda request: request.session.rotate())
        if model.data:
            model.seen = self.clock.now
            assert self.visitors[number].cookie != old
        elif model.stored:  # holds nothing: then it is over
            self.models[number] = Model()
        if old and old != self.visitors[number].cookie:
            self.ended.add(old)

    @rule(
        number=visitors,
        first=changes,
        meanwhile=changes | st.sampled_from([("invalidate",), ("rotate",)]),
    )
    def interleave(self, number: int, first: Change, meanwhile: Change) -> None:
        """Another request of the same visitor begins and ends while this one is at work."""
        model, visitor = self.current(number), self.visitors[number]
        if not model.stored:
            return
        other = Visitor(self.bed.app, cookie=visitor.cookie)
        old = visitor.cookie
        before = model.text()

        def do(request: Any) -> None:
            match meanwhile:
                case ("invalidate",):
                    request.session.invalidate()
                case ("rotate",):
                    request.session.rotate()
                case _:
                    apply(meanwhile, request.session)

        def act(request: Any) -> None:
            apply(first, request.session)
            if request.environ["retry.attempt"] == 0:
                other.do(do)

        with suppress(SessionEnded):  # what is to be written under an ended id is refused
            visitor.do(act)
        if meanwhile in (("invalidate",), ("rotate",)):
            self.ended.add(old or "")
            assert visitor.cookie == old
            visitor.cookie = other.cookie  # the newer one is the browser's
            model.seen = self.clock.now
            if meanwhile == ("invalidate",) or not model.data:
                self.models[number] = Model()
            return
        changed = Model()
        changed.data = dict(model.data)
        changed.apply(first)
        idle = changed.text() == before  # it writes nothing, so it meets no conflict
        model.apply(meanwhile)
        self.write(number, before)
        before = model.text()
        if not idle:
            model.apply(first)
        self.write(number, before)

    @rule(number=visitors, attempts=st.integers(1, 2), one=changes)
    def replay(self, number: int, attempts: int, one: Change) -> None:
        """The first attempts come to nothing, whatever they did."""
        model = self.current(number)
        before = model.text()

        def act(request: Any) -> None:
            apply(one, request.session)
            if request.environ["retry.attempt"] < attempts:
                raise Again

        self.visitors[number].do(act, late=lambda request: request.session.flash("lost"))
        model.apply(one)
        self.write(number, before)

    @rule(seconds=st.sampled_from([1, 9, 11, 60, 99, 101, 251]))
    def time_passes(self, seconds: int) -> None:
        self.bed.advance(seconds)

    @rule(data=st.data())
    def old_cookie(self, data: st.DataObject) -> None:
        if self.ended:
            cookie = data.draw(st.sampled_from(sorted(self.ended)))
            self.is_anonymous(cookie)

    @rule(
        number=visitors,
        place=st.integers(0, 42),
        letter=st.sampled_from(string.ascii_letters + string.digits + "-_.=é\x00"),
    )
    def tampered_cookie(self, number: int, place: int, letter: str) -> None:
        cookie = self.visitors[number].cookie
        if cookie and cookie[place] != letter:
            self.is_anonymous(cookie[:place] + letter + cookie[place + 1 :])

    def is_anonymous(self, cookie: str) -> None:
        stranger = Visitor(self.bed.app, cookie=cookie)
        assert stranger.data() == {}
        assert stranger.sent == []

    @rule(number=visitors)
    def look(self, number: int) -> None:
        model = self.current(number)
        assert self.visitors[number].data() == model.data
        assert self.visitors[number].do(lambda r: r.session.new) is not model.stored
        if model.stored:
            created = self.visitors[number].do(lambda r: r.session.created)
            assert created == int(model.began)

    @invariant()
    def nothing_is_locked_or_stored_twice(self) -> None:
        stored = self.bed.keys()
        assert len(stored) == len(set(stored))
        alive = [m for m in self.models if m.stored and not m.over(self.clock.now)]
        assert len(stored) >= len(alive)
        if self.bed.name == "memory":
            assert not self.bed.store._turns._queues  # type: ignore[attr-defined]
        if self.bed.name == "redis":
            assert not self.bed.redis.keys("*:turns")  # type: ignore[attr-defined]


@pytest.mark.parametrize("store", STORES)
def test_any_sequence_S5_S6_S8_S12_S13(store: str, make_bed: MakeBed) -> None:
    machine = type(f"Sessions_{store}", (Sessions,), {"make": lambda clock: make_bed(store, clock)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            phases=(Phase.generate,),  # to shrink a failure would take minutes
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
