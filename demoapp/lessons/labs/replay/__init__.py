"""Copy the cookie, log out, put the copy back: what does it open?"""

from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.shop import security


def mark(bench: Bench) -> None:
    if bench.request.current_user is None:
        del bench.notes["step"]  # there is nothing to log out of
    else:
        bench.mark()


def copy(bench: Bench) -> None:
    bench.keep_copy()
    browser = bench.visit()
    browser.post(bench.request.route_path("logout"))  # the real one
    browser.pass_on(bench.response)


def put_back(bench: Bench) -> None:
    bench.cookie.write(bench.request, bench.response, bench.aside.read(bench.request) or "")


ACTIONS = {"mark": mark, "copy": copy, "put-back": put_back}
NEXT = {"": ("mark",), "mark": ("copy",), "copy": ("put-back",), "put-back": ()}
OURS = (copy, security.end)
RAN = {
    "memory": OURS,
    "redis": OURS,
    "database": OURS,
    "custom": (security.end, security.end_epoch, security._claimed),
}


def observe(bench: Bench) -> Observation:
    user = bench.request.current_user
    rows = {"user": user.username if user else "–", "mark": bench.session.get("lab", "–")}
    if bench.notes.get("step") != "put-back":
        return Observation(None, rows)
    return Observation("login" if user else "data" if bench.marked else "nothing", rows)
