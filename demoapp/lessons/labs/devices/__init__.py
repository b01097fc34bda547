"""Log in on two devices, and end the other session from here."""

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.sessions.interfaces import ISessionStore
from demoapp.shop import security
from demoapp.shop.security import sessions_of


def listed(bench: Bench) -> int | None:
    """How many sessions this user has, where the shop can know."""
    request = bench.request
    listable, user = request.registry.queryUtility(ISessionStore), request.current_user
    return len(sessions_of(request, user)) if listable and user else None


def other(bench: Bench) -> None:
    if bench.request.current_user is None:
        del bench.notes["step"]


def end_others(bench: Bench) -> None:
    browser = bench.visit()
    browser.post(bench.request.route_path("sessions_revoke_others"))
    browser.pass_on(bench.response)


ACTIONS = {"other": other, "end-others": end_others}
NEXT = {"": ("other", "end-others"), "other": (), "end-others": ()}
OURS = (security.end_everywhere,)
RAN = {
    "memory": OURS,
    "redis": OURS,
    "database": OURS,
    "custom": (security.end_epoch, security._claimed),
}


def observe(bench: Bench) -> Observation:
    user, label = bench.request.current_user, bench.texts["label"]
    rows = {"user": user.username if user else "–"}
    if bench.notes.get("step") == "other":
        # this is the device that is to be ended; until then it is logged in
        return Observation(None if user else "ended", rows)
    if bench.notes.get("step") == "end-others":
        count = listed(bench)
        rows["after"] = label["unlisted"] if count is None else str(count)
        rows["look-there"] = ""
    return Observation(None, rows)
