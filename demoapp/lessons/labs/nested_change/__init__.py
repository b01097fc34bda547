"""`session["lab"]["x"] = 1` changes a dict inside the session, without telling the session."""

import time

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.sessions.custom import CookieSession
from demoapp.sessions.session import Session


def store(bench: Bench) -> None:
    bench.session["lab"] = {"x": 0}
    bench.notes["stored"] = time.time()


def change(bench: Bench) -> None:
    bench.notes["seconds"] = int(bench.since("stored"))
    nested = bench.session.get("lab")
    if isinstance(nested, dict):
        nested["x"] = 1  # and nothing else: this line is the experiment


ACTIONS = {"store": store, "change": change}
NEXT = {"": ("store",), "store": ("change",), "change": ()}
OURS = (change, Session.pending)
RAN = {"memory": OURS, "redis": OURS, "database": OURS, "custom": (change, CookieSession.pending)}


def observe(bench: Bench) -> Observation | None:
    if bench.notes["step"] != "change":
        return None
    nested, seconds = bench.session.get("lab"), bench.notes["seconds"]
    x = nested.get("x") if isinstance(nested, dict) else None
    # only a session that must be told about changes depends on when they are made
    told = bench.strategy == "custom"
    interval = bench.request.registry["session.settings"].touch_interval
    kept = "late" if told and seconds >= interval else "kept"
    return Observation(kept if x == 1 else "lost", {"x": x, "seconds": seconds})
