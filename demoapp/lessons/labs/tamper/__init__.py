"""One character of the cookie is flipped: by the shop, as scripts cannot reach it (HttpOnly)."""

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.sessions.custom import SignedCookies
from demoapp.sessions.ids import Ids


def mark(bench: Bench) -> None:
    bench.mark()


def flip(bench: Bench) -> None:
    cookie = bench.cookie.read(bench.request) or ""
    place = len(cookie) // 2
    other = "A" if cookie[place : place + 1] != "A" else "B"
    bench.notes["place"] = f"{place + 1} / {len(cookie)}"
    bench.set_aside(cookie[:place] + other + cookie[place + 1 :])


ACTIONS = {"mark": mark, "flip": flip}
NEXT = {"": ("mark",), "mark": ("flip",), "flip": ()}
OURS = (flip, Ids.keys)
RAN = {"memory": OURS, "redis": OURS, "database": OURS, "custom": (flip, SignedCookies.load)}


def observe(bench: Bench) -> Observation | None:
    if bench.notes["step"] != "flip":
        return None
    rows = {"place": bench.notes["place"], "mark": bench.session.get("lab", "–")}
    return Observation("believed" if bench.marked else "refused", rows)
