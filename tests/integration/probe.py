"""Pages for the tests alone, put into the shop with `pyramid.includes`.

/probe/slow changes the session, says so with a file, and waits for another file to go on.
/probe/replays tells how many requests of this process were replayed.

Its database is given up by nobody: on a slow machine the last of many waits for longer than the
shop would let a visitor wait.
"""

import time
from itertools import count
from pathlib import Path
from typing import Any

from pyramid.events import ApplicationCreated, NewRequest
from sqlalchemy import event

PATIENT = {
    "sqlite": ["PRAGMA busy_timeout = 30000"],
    "postgresql": ["SET lock_timeout = 30000", "SET statement_timeout = 30000"],
}
"""In milliseconds."""


def slow(request: Any) -> dict[str, bool]:
    folder = Path(request.GET["folder"])
    request.session["slow"] = True
    known = "user" in request.session
    (folder / "waiting").touch()
    end = time.monotonic() + 20
    while not (folder / "go").exists() and time.monotonic() < end:
        time.sleep(0.01)
    return {"was_logged_in": known}


def be_patient(created: Any) -> None:
    engine = created.app.registry["dbsession_factory"].kw["bind"]

    def ask(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        for statement in PATIENT[engine.dialect.name]:
            cursor.execute(statement)
        cursor.close()
        if engine.dialect.name == "postgresql":
            connection.commit()  # or it is taken back with the first transaction

    event.listen(engine, "connect", ask)
    engine.dispose()  # those that are there already


def includeme(config: Any) -> None:
    config.add_subscriber(be_patient, ApplicationCreated)
    replays = count()

    def watch(event: Any) -> None:
        if event.request.environ.get("retry.attempt", 0):
            next(replays)

    config.add_subscriber(watch, NewRequest)
    config.add_route("probe_slow", "/probe/slow")
    config.add_route("probe_replays", "/probe/replays")
    config.add_view(slow, route_name="probe_slow", renderer="json")
    config.add_view(
        lambda request: int(repr(replays)[6:-1]), route_name="probe_replays", renderer="json"
    )
