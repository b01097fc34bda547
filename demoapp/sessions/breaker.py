"""A circuit breaker: a server that has failed several times in a row is left alone for a moment.

Without it a server that hangs holds every thread of the process for the whole time-out, and
pages that could do without it are slow as well.
"""

import time
from dataclasses import dataclass

PATIENCE = 3
"""Failures in a row after which a server counts as down; one may be a hiccup of a busy machine."""
PAUSE_SECONDS = 1
"""How long it is not asked then. Recovery takes no longer than this."""


@dataclass
class _Failures:
    count: int = 0
    last: float = 0.0


class Breaker:
    """For one client; servers are told apart by name. Losing a count to a race does no harm."""

    def __init__(self) -> None:
        self._servers: dict[str, _Failures] = {}

    def refuses(self, server: str) -> bool:
        failures = self._servers.get(server)
        if failures is None or failures.count < PATIENCE:
            return False
        return time.monotonic() < failures.last + PAUSE_SECONDS

    def failed(self, server: str) -> None:
        failures = self._servers.setdefault(server, _Failures())
        failures.count, failures.last = failures.count + 1, time.monotonic()

    def worked(self, server: str) -> None:
        self._servers.pop(server, None)
