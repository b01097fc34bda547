"""First come, first served: who holds a record, and who waits for it."""

import pytest

from demoapp.sessions.interfaces import SessionConflict, SessionStoreUnavailable
from demoapp.sessions.turns import Turns


def test_one_holds_a_record_and_others_conflict_until_it_is_released() -> None:
    turns = Turns(timeout=0)
    turns.take("key", "one")
    turns.take("key", "one")  # whoever holds it may say so again
    for ask in (turns.check, turns.take):
        with pytest.raises(SessionConflict):
            ask("key", "two")
    turns.take("another key", "two")
    turns.release("key", "two")  # who does not hold it releases nothing
    with pytest.raises(SessionConflict):
        turns.check("key", "two")
    turns.release("key", "one")
    turns.check("key", "two")
    turns.take("key", "two")


def test_who_waits_for_too_long_is_told_and_stands_in_nobodys_way() -> None:
    turns = Turns(timeout=0)
    turns.wait("key", "one")
    with pytest.raises(SessionStoreUnavailable, match="for too long"):
        turns.wait("key", "two")
    turns.release("key", "one")
    turns.wait("key", "three")
    with pytest.raises(SessionConflict):
        turns.take("key", "two")


def test_nothing_is_kept_of_records_that_nobody_holds() -> None:
    turns = Turns(timeout=0)
    for key in ("a", "b"):
        turns.wait(key, "one")
        turns.release(key, "one")
    assert turns._queues == {}
