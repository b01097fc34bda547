"""What an error of Redis means to the store, and a circuit breaker.

A server that has failed several times in a row is left alone for a moment. Without that, one
that hangs holds every thread of the process for the whole time-out, and pages that could do
without it are slow as well.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from redis import exceptions as errors

from demoapp.sessions.interfaces import CorruptRecord, SessionStoreUnavailable

PATIENCE = 3
"""Failures in a row after which a server counts as down; one may be a hiccup of a busy machine."""
PAUSE_SECONDS = 1
"""How long it is not asked then. Recovery takes no longer than this."""
UNREACHABLE = (errors.ConnectionError, errors.TimeoutError)


@dataclass
class _Failures:
    count: int = 0
    last: float = 0.0


class Breaker:
    """For one client. The servers of a Cluster are told apart by name; "" is all of them.

    Losing a count to a race does no harm.
    """

    def __init__(self, redis: Any) -> None:
        self._server_of = getattr(redis, "server_of", lambda name: "")
        self._server_in = getattr(redis, "server_in", lambda err: "")
        self._servers: dict[str, _Failures] = {}

    @contextmanager
    def asking(self, name: str) -> Iterator[None]:
        """Ask for a key, unless its server has just failed."""
        servers = {"", self._server_of(name)}
        if any(map(self._refuses, servers)):
            raise SessionStoreUnavailable("Redis: not asked again, it has just failed")
        with self.errors_told():
            yield
        for server in servers:
            self._servers.pop(server, None)

    @contextmanager
    def errors_told(self) -> Iterator[None]:
        """Every error of redis-py is one of ours."""
        try:
            yield
        except (errors.RedisError, errors.RedisClusterException) as err:
            if isinstance(err, UNREACHABLE):
                self._failed(self._server_in(err))
            if "WRONGTYPE" in str(err):
                raise CorruptRecord("another program keeps something under its name") from err
            raise SessionStoreUnavailable(f"Redis: {type(err).__name__}: {err}") from err

    def _refuses(self, server: str) -> bool:
        failures = self._servers.get(server)
        if failures is None or failures.count < PATIENCE:
            return False
        return time.monotonic() < failures.last + PAUSE_SECONDS

    def _failed(self, server: str) -> None:
        failures = self._servers.setdefault(server, _Failures())
        failures.count, failures.last = failures.count + 1, time.monotonic()
