"""What the buttons do: one act, in each shop, by requests that a browser could send."""

import time
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from demoapp.lessons.stage.errand import Errand
from demoapp.lessons.stage.house import HURRY, Guest
from demoapp.lessons.stage.play import DOWN, Play, RefusedError, Result, done

AT_ONCE = 12
STEP = 16
"""Syllables: how exactly the end of a session is found."""
ENDLESS = 65536
"""Syllables that no session here takes."""
Act = Callable[[Play], dict[str, Result]]


def in_each_shop(act: Callable[[Play, str], Result]) -> Act:
    """An act that is told for one shop: `play.each` does it in all four."""
    return lambda play: play.each(partial(act, play))


@in_each_shop
def add(play: Play, shop: str) -> Result:
    return Result("done", play.put(shop))


@in_each_shop
def clear(play: Play, shop: str) -> Result:
    return Result("done", done(play.errand.post(shop, "/cart/clear")))


@in_each_shop
def login(play: Play, shop: str) -> Result:
    return Result("done", play.log_in(shop))


@in_each_shop
def logout(play: Play, shop: str) -> Result:
    """Log out, and show the old cookie again, as a thief would."""
    if not play.state(shop)["user"]:
        play.log_in(shop)
    thief = play.errand.apart()
    done(play.errand.post(shop, "/logout"))
    found = play.state(shop, thief)
    return Result("login" if found["user"] else "cart" if found["cart"]["lines"] else "nothing")


@in_each_shop
def race(play: Play, shop: str) -> Result:
    """Twelve clicks that leave one browser at the same moment."""
    play.begin(shop)
    before = play.state(shop)["cart"]["quantity"]
    tabs = [play.errand.apart() for _ in range(AT_ONCE)]
    with play.stage.house.race, ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda tab: play.put(shop, tab), tabs))
    play.errand.take(tabs[-1])
    kept = play.state(shop)["cart"]["quantity"] - before
    figures = {"sent": len(answers), "kept": kept}
    return Result("all" if kept == AT_ONCE else "some", figures=figures)


@in_each_shop
def fill(play: Play, shop: str) -> Result:
    """Fill another guest's session with Hangul, by the lab `overflow`, until it is refused."""
    browser = Errand(play.request, play.stage.shop, {})

    def refused(steps: int) -> bool:
        fields = {"action": "fill", "kind": "hangul", "size": str(steps * STEP)}
        answer = browser.post(shop, "/labs/overflow", **fields)
        if answer.status == DOWN:
            raise RefusedError(answer)
        return answer.status >= 400

    first = bisect_left(range(ENDLESS // STEP), True, key=refused)
    browser.post(shop, "/labs/overflow", action="reset")
    return Result("done", figures={"count": (first - 1) * STEP})


@in_each_shop
def flip(play: Play, shop: str) -> Result:
    """One character of the cookie."""
    play.begin(shop)
    name, value = play.cookie(shop)
    middle = len(value) // 2
    other = "A" if value[middle] != "A" else "B"
    changed = value[:middle] + other + value[middle + 1 :]
    found = play.state(shop, play.errand.apart(**{name: changed}))
    return Result("nobody" if found["new"] else "known")


def wait(play: Play) -> dict[str, Result]:
    """Another guest comes to shops that are in a hurry; `come_back` is the rest of it.

    Nobody waits here: a class that presses this at once would hold every thread of the server.
    """
    guest = Errand(play.request, play.stage.hurried, {})

    def came(shop: str) -> Result:
        play.put(shop, guest)
        return Result("waits")

    results = play.each(came)
    play.stage.guest = Guest(guest.cookies, time.monotonic() + HURRY + 0.5)
    return results


def come_back(play: Play, guest: Guest) -> dict[str, Result]:
    """When that guest has been away for too long."""
    errand = Errand(play.request, play.stage.hurried, guest.cookies)

    def looked(shop: str) -> Result:
        return Result("gone" if play.state(shop, errand)["new"] else "there")

    return play.each(looked)


def restart(play: Play) -> dict[str, Result]:
    return happens(play, play.stage.restart)


def cut(play: Play) -> dict[str, Result]:
    return happens(play, partial(setattr, play.stage, "cut", True))


def mend(play: Play) -> dict[str, Result]:
    play.stage.cut = False
    return play.each(lambda shop: Result("none" if play.state(shop)["new"] else "kept"))


def happens(play: Play, change: Callable[[], None]) -> dict[str, Result]:
    """Something happens to the shops: who knows the visitor afterwards?"""
    results = play.each(play.begin)
    change()
    known = [shop for shop, result in results.items() if result.outcome == "begun"]
    return results | play.each(partial(remembered, play), known)


def remembered(play: Play, shop: str) -> Result:
    return Result("forgotten" if play.state(shop)["new"] else "kept")


ACTS: dict[str, Act] = {
    "add": add,
    "login": login,
    "logout": logout,
    "clear": clear,
    "race": race,
    "fill": fill,
    "flip": flip,
    "wait": wait,
    "restart": restart,
    "cut": cut,
    "mend": mend,
}
