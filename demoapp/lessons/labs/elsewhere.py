"""Shared by restart, two-ports and migrate: a mark made here, looked for from elsewhere.

The lab's own cookie remembers where the mark was made, so the page sees for itself that
another process or strategy answers now.
"""

import os

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.sessions.custom import SignedCookies
from demoapp.sessions.database import DatabaseStore
from demoapp.sessions.memory import MemoryStore
from demoapp.sessions.redis import RedisStore

LOADS = {
    "memory": (MemoryStore.__init__, MemoryStore.load),
    "redis": (RedisStore.load,),
    "database": (DatabaseStore.load,),
    "custom": (SignedCookies.load,),
}
"""What looks for a session where it is kept."""


def mark(bench: Bench) -> None:
    bench.mark()
    bench.notes["process"] = process(bench)
    bench.notes["strategy"] = bench.strategy
    bench.notes["instance"] = bench.request.registry["labs.instance"]


def process(bench: Bench) -> str:
    """The process that answers, for the reader."""
    return f"{os.getpid()} ({bench.request.host})"


def seen_by_process(bench: Bench) -> Observation:
    """The mark, looked for by another process. A number may be used again, so it has a name."""
    rows = {"marked-by": bench.notes["process"], "answered-by": process(bench)}
    same = bench.notes["instance"] == bench.request.registry["labs.instance"]
    return Observation(None if same else found(bench), rows)


def seen_by_strategy(bench: Bench) -> Observation:
    """The mark, looked for by another strategy."""
    rows = {"marked-by": bench.notes["strategy"], "answered-by": bench.strategy}
    same = bench.notes["strategy"] == bench.strategy
    return Observation(None if same else found(bench), rows)


def found(bench: Bench) -> str:
    return "kept" if bench.marked else "lost"
