"""Pages for the tests alone, put into the shop with `pyramid.includes`.

/probe/slow changes the session, says so with a file, and waits for another file to go on.
/probe/replays tells how many requests of this process were replayed.
"""

import time
from itertools import count
from pathlib import Path
from typing import Any

from pyramid.events import NewRequest


def slow(request: Any) -> dict[str, bool]:
    folder = Path(request.GET["folder"])
    request.session["slow"] = True
    known = "user" in request.session
    (folder / "waiting").touch()
    end = time.monotonic() + 20
    while not (folder / "go").exists() and time.monotonic() < end:
        time.sleep(0.01)
    return {"was_logged_in": known}


def includeme(config: Any) -> None:
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
