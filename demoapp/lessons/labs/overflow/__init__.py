"""Fill the session until the shop refuses: where is the end, in letters and in Hangul?"""

from bisect import bisect_left
from functools import partial

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.sessions.custom import COOKIE_LIMIT, CookieSession
from demoapp.sessions.session import Session
from demoapp.shop.forms import one

LETTERS = {"ascii": "a", "hangul": "차"}
STEP = 16
"""Characters: how exactly the end is found."""
REFUSED = 413


def run(bench: Bench) -> None:
    browser = bench.visit()

    def refused(kind: str, steps: int) -> bool:
        """One real request, with a session of so many characters."""
        size = str(steps * STEP)
        status: int = browser.post(bench.path, action="fill", kind=kind, size=size).status_int
        bench.notes["status"] = status if status >= 400 else bench.notes.get("status", status)
        return status >= 400

    for kind in LETTERS:
        sizes = range(endless(bench) // STEP)
        first = bisect_left(sizes, True, key=partial(refused, kind))
        bench.notes[kind] = (first - 1) * STEP
    browser.post(bench.path, action="reset")


def endless(bench: Bench) -> int:
    """Characters at which we stop: a session that takes so many has no limit."""
    return 2 * int(bench.request.registry["session.settings"].max_bytes)


def fill(bench: Bench) -> None:
    letter, size = LETTERS.get(one(bench.request, "kind"), ""), one(bench.request, "size")
    if size.isdecimal() and len(size) < 7:
        bench.session["lab"] = letter * min(int(size), endless(bench))


ACTIONS = {"run": run}
INNER = {"fill": fill}
NEXT = {"": ("run",), "run": ()}
OURS = (fill, Session._written)
RAN = {"memory": OURS, "redis": OURS, "database": OURS, "custom": (fill, CookieSession.pending)}


def observe(bench: Bench) -> Observation:
    most = max(bench.notes[kind] for kind in LETTERS)
    limit = bench.request.registry["session.settings"].max_bytes
    if bench.notes["status"] != REFUSED:
        outcome = "endless"
    else:
        outcome = "cookie" if most < min(COOKIE_LIMIT, limit) else "max-bytes"
    fitted = {kind: f"{bench.notes[kind]:,}" for kind in LETTERS}
    return Observation(outcome, {**fitted, "status": bench.notes["status"]})
