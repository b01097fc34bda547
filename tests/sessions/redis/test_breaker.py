"""A server is left alone when it has failed several times in a row, and not before."""

from contextlib import suppress

import pytest
from redis import TimeoutError as NoAnswer

from demoapp.sessions.interfaces import SessionStoreUnavailable
from demoapp.sessions.redis.breaker import PATIENCE, Breaker


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with suppress(SessionStoreUnavailable), breaker.asking("a key"):
            raise NoAnswer


def test_failures_count_in_a_row() -> None:
    breaker = Breaker(None)
    for _ in range(2):
        fail(breaker, PATIENCE - 1)
        with breaker.asking("a key"):
            pass
    fail(breaker, PATIENCE)
    with pytest.raises(SessionStoreUnavailable, match="not asked again"), breaker.asking("a key"):
        pass
