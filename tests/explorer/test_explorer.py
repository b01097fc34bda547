"""A part of `make explore`; and that the explorer finds what it is for."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from demoapp.sessions.interfaces import SessionError
from demoapp.sessions.memory import MemoryStore
from demoapp.sessions.saving import Saving
from tests.explorer.__main__ import STORES, cases, opened, play
from tests.explorer.operations import Case
from tests.explorer.world import Violation, World

PART = {
    "memory": [*cases(2, 0), Case(("add", "login", "rotate"), faults=0)],
    "redis": [Case(("add", "login"), "guest"), Case(("end-others", "logout"))],
    "sqlite": [Case(("add", "login"), "guest"), Case(("end-others", "logout"))],
    "postgresql": [Case(("add", "login"), "guest")],
}


@pytest.fixture
def memory() -> Iterator[World]:
    with opened("memory") as world:
        yield world


def first_violation(world: World, tried: list[Case]) -> Violation | None:
    return next((err for case in tried for err in play(world, case) if err), None)


@pytest.mark.parametrize("store", STORES)
def test_every_interleaving_F17(store: str) -> None:
    with opened(store) as world:
        assert first_violation(world, PART[store]) is None


# -- a guard is taken out, and the explorer is not told where


def give_everything_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """F12: a GET goes on though its save has failed."""
    monkeypatch.setattr(Saving, "_may_be_given_up", lambda *_: True)


def forget_what_was_rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    """S16: nobody remembers that an id was ended, and what took its place."""
    apply: Any = MemoryStore._apply

    def without_memory(store: MemoryStore, change: Any) -> None:
        apply(store, change)
        store._ended.clear()

    monkeypatch.setattr(MemoryStore, "_apply", without_memory)


def take_unknown_for_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """F13: where the answer to a commit is lost, the browser keeps the old id."""

    def commit(saving: Any, change: Any) -> None:
        try:
            saving._store.commit(saving._request, change)
        except SessionError:
            saving.session.reset()
            saving._change = None

    monkeypatch.setattr(Saving, "_commit", commit)


def commit_but_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """F13: a hiccup after the database has committed leaves the old id in use."""

    def commit(saving: Any, change: Any) -> None:
        with suppress(SessionError):
            saving._store.commit(saving._request, change)

    monkeypatch.setattr(Saving, "_commit", commit)


def save_nothing_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """S19: what a response callback puts in the session is lost in silence."""
    monkeypatch.setattr(Saving, "_save_now", lambda saving: None)


def end_before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions are ended at once, also for a request that comes to nothing."""
    monkeypatch.setattr(MemoryStore, "end", MemoryStore.delete)
    monkeypatch.setattr(
        "tests.explorer.stores.Watched.end", lambda store, *args: store.delete(*args)
    )


def compare_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """F8: the last one wins."""
    monkeypatch.setattr(MemoryStore, "_compare", lambda *_: None)


def never_unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryStore, "release", lambda *_: None)


@pytest.mark.parametrize(
    "sabotage",
    [
        give_everything_up,
        forget_what_was_rotated,
        take_unknown_for_not_done,
        commit_but_once,
        save_nothing_late,
        end_before_the_commit,
        compare_nothing,
        never_unlock,
    ],
)
def test_it_finds_a_guard_that_is_missing(
    memory: World, monkeypatch: pytest.MonkeyPatch, sabotage: Any
) -> None:
    sabotage(monkeypatch)
    err = first_violation(memory, [*cases(2, 0), *cases(2, 1)])
    assert err is not None
    # and what it prints is all that is needed to see it once more
    case, _, steps = err.__notes__[0].partition(" / ")
    with pytest.raises(Violation, match=re.escape(str(err))):
        memory.run(Case.parse(case), steps.split())
