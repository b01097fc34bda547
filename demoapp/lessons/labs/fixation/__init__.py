"""Arrive with an id that somebody has chosen, and log in: is it adopted, does it survive?"""

from hashlib import sha256

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.sessions.ids import new_id
from demoapp.sessions.interfaces import IServerSession
from demoapp.sessions.session import Session
from demoapp.shop import security


def fingerprint(cookie: str | None) -> str:
    """Something to compare and show, that leads nowhere."""
    return sha256(cookie.encode()).hexdigest()[:8] if cookie else ""


def sent(bench: Bench) -> str:
    """The fingerprint of this request's cookie."""
    return fingerprint(bench.cookie.read(bench.request))


def plant(bench: Bench) -> None:
    chosen = new_id()  # well-formed, so that the shop must look it up
    bench.notes["chosen"] = fingerprint(chosen)
    bench.set_aside(chosen)


def write(bench: Bench) -> None:
    bench.mark()


def log_in(bench: Bench) -> None:
    bench.notes["before"] = sent(bench)
    bench.response.location = bench.request.route_path("login", _query={"next": bench.path})


ACTIONS = {"plant": plant, "write": write, "log-in": log_in}
NEXT = {"": ("plant",), "plant": ("write",), "write": ("log-in",), "log-in": ("log-in",)}
OURS = (security.begin, Session._begun)
RAN = {
    "memory": OURS,
    "redis": OURS,
    "database": OURS,
    "custom": (security.begin, security._refill),
}


def observe(bench: Bench) -> Observation:
    now = sent(bench)
    rows = {k: bench.notes[k] for k in ("chosen", "before") if k in bench.notes} | {"now": now}
    if bench.notes["step"] == "plant":
        return Observation(None, rows)
    if now == bench.notes["chosen"]:
        return Observation("adopted", rows)
    if bench.request.current_user is None or "before" not in bench.notes:
        return Observation(None, rows)
    if now == bench.notes["before"]:
        return Observation("kept", rows)
    with_id = IServerSession.providedBy(bench.session)
    return Observation("renewed" if with_id else "no-id", rows)
