"""No session until something is stored: a guest without cookies reads, then writes."""

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.lessons.labs.visit import Visit
from demoapp.sessions.custom import CookieSession
from demoapp.sessions.session import Session

PAGES = ("/", "/cart", "/labs")


def run(bench: Bench) -> None:
    guest, name = Visit(bench.request, {}), bench.cookie.name(bench.request)
    for page in PAGES:
        guest.get(page)
    bench.notes["reads"] = int(name in guest.cookies)
    guest.post(bench.path, action="write")
    bench.notes["writes"] = int(name in guest.cookies)
    bench.notes["bytes"] = len(guest.cookies.get(name, ""))
    guest.post(bench.path, action="end")


def write(bench: Bench) -> None:
    bench.session["lab"] = "the first value"


ACTIONS = {"run": run}
INNER = {"write": write}
NEXT = {"": ("run",), "run": ()}
OURS = (write, Session.pending)
RAN = {"memory": OURS, "redis": OURS, "database": OURS, "custom": (write, CookieSession.pending)}


def observe(bench: Bench) -> Observation:
    notes = bench.notes
    outcome = "with-read" if notes["reads"] else "with-write" if notes["writes"] else "never"
    return Observation(outcome, {name: notes[name] for name in ("reads", "writes", "bytes")})
