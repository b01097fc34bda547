"""The store is down, for this visitor only: what still works?

Requests with this lab's notes are connected to nowhere: with redis to an address where nobody
listens, or listens and never answers; with database to a file that cannot be opened. Memory
and the custom cookie have no connection that could be cut.
"""

import socket
import time
import weakref
from typing import Any

from pyramid.events import NewRequest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.lessons.labs.layer import another_layer
from demoapp.lessons.labs.notes import Notes
from demoapp.sessions.database.errors import errors_told
from demoapp.sessions.redis.breaker import Breaker

PAGES = {"/": "catalog", "/cart": "cart"}
PATH = "/labs/redis-down"
NO_DATABASE = create_engine("sqlite:////dev/null/nothing", poolclass=NullPool)


def refuse(bench: Bench) -> None:
    bench.mark()  # without a session nothing would be asked of the store
    bench.notes["cut"] = "refuse"


def hang(bench: Bench) -> None:
    bench.mark()
    bench.notes["cut"] = "hang"


ACTIONS = {"refuse": refuse, "hang": hang}
NEXT: dict[str, tuple[str, ...]] = {"": ("refuse", "hang"), "refuse": (), "hang": ()}


def observe(bench: Bench) -> Observation:
    """Ask for a page of either kind, as this visitor."""
    notes_cookie = {k: v for k, v in bench.request.cookies.items() if k.endswith("lab-notes")}
    browser, rows, works = bench.visit(**notes_cookie), {}, {}
    for page in PAGES:
        begun = time.perf_counter()
        status = browser.get(page).status_int
        took = (time.perf_counter() - begun) * 1000
        rows[page] = f"{status} · {took:.0f} ms"
        works[page] = status == 200
    outcome = "all" if works["/cart"] else "catalog" if works["/"] else "none"
    return Observation(outcome, rows)


# -- cutting the connection


def cut(event: Any) -> None:
    """Before any view asks for the session: put one that leads nowhere in its place."""
    request = event.request
    if "lab-notes" not in request.headers.get("Cookie", "") or request.path_info == PATH:
        return
    notes = Notes(request)
    if notes.get("cut"):
        CUTS[request.registry["session.settings"].strategy](request, notes["cut"])


def cut_redis(request: Any, how: str) -> None:
    layers = request.registry.setdefault("labs.cut", {})
    if how not in layers:
        url = f"redis://127.0.0.1:{dead_end(request.registry, how)}/0"
        layers[how] = another_layer(request.registry, {"session.redis.url": url})
    request.session = layers[how](request)


def dead_end(registry: Any, how: str) -> int:
    """A port of our own: bound only, it refuses; listened at by nobody's ear, it hangs."""
    end = socket.socket()
    weakref.finalize(registry, end.close)
    end.bind(("127.0.0.1", 0))
    if how == "hang":
        end.listen()
    return int(end.getsockname()[1])


def cut_database(request: Any, how: str) -> None:
    request.dbsession = Session(NO_DATABASE)


CUTS = {"redis": cut_redis, "database": cut_database}
RAN: dict[str, tuple[Any, ...]] = {
    "memory": (observe,),
    "redis": (cut_redis, Breaker.errors_told),
    "database": (cut_database, errors_told),
    "custom": (observe,),
}


def includeme(config: Any) -> None:
    if config.registry.settings["session.strategy"] in CUTS:
        config.add_subscriber(cut, NewRequest)
