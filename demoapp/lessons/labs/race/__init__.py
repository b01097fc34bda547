"""Parallel requests on one session: does every addition count, or does the last writer win?"""

import time

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.lessons.labs.crowd import AT_ONCE as AT_ONCE
from demoapp.sessions.custom import SignedCookies
from demoapp.sessions.database import table
from demoapp.sessions.memory import MemoryStore
from demoapp.sessions.redis import RedisStore
from demoapp.shop.forms import one

PAUSE = 0.2
"""Seconds between reading and saving, so that requests overlap for certain."""
SLOW_PAUSE = 3.0
"""The same for people who press a button twice."""

TOGETHER = 12
"""Clicks that the page sends at once; those beyond AT_ONCE wait for a place."""


def begin(bench: Bench) -> None:
    bench.session["lab"] = 0


def add(bench: Bench) -> None:
    count = bench.session.get("lab", 0)
    if not bench.request.environ.get("retry.attempt"):  # a replay has waited already
        time.sleep(PAUSE if one(bench.request, "quick") else SLOW_PAUSE)
    bench.session["lab"] = count + 1


def count(bench: Bench) -> None:
    sent = one(bench.request, "sent")
    bench.notes["sent"] = int(sent) if sent.isdecimal() and len(sent) < 4 else 0


ACTIONS = {"begin": begin, "add": add, "count": count}
NEXT = {"": ("begin",), "begin": ("add", "count"), "add": ("add", "count"), "count": ("begin",)}
RAN = {
    "memory": (add, MemoryStore._compare),
    "redis": (add, RedisStore.prepare),
    "database": (add, table.replace),
    "custom": (add, SignedCookies.write),
}


def observe(bench: Bench) -> Observation | None:
    if not bench.notes.get("sent"):
        return None
    sent, left = bench.notes["sent"], kept(bench)
    return Observation("all" if left == sent else "some", {"sent": sent, "kept": left})


def kept(bench: Bench) -> int:
    return int(bench.session.get("lab", 0))
