"""What the buttons do: one act, in each shop, by requests that a browser could send."""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from demoapp.lessons.stage.accounts import account, make_room
from demoapp.lessons.stage.errand import Answer, Errand
from demoapp.lessons.stage.house import HURRY, Guest, Stage
from demoapp.sessions.cookie import session_cookie
from demoapp.shop.accounts import DEMO_PASSWORD

DOWN = 503
AT_ONCE = 12
STEP = 16
"""Syllables: how exactly the end of a session is found."""
ENDLESS = 65536
"""Syllables that no session here takes."""


@dataclass(frozen=True)
class Result:
    """What one shop did."""

    outcome: str
    """Which sentence of stage.toml it is."""
    answer: Answer | None = None
    """Of an act that is a single request."""
    figures: dict[str, Any] = field(default_factory=dict)


class RefusedError(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def done(answer: Answer) -> Answer:
    if answer.status >= 400:
        raise RefusedError(answer)
    return answer


class Play:
    """One act, by one visitor."""

    def __init__(self, request: Any, stage: Stage, sku: str = "") -> None:
        self.request, self.stage, self.sku = request, stage, sku
        self.errand = Errand(request, stage.shop)

    def each(
        self, act: Callable[[str], Result], among: Iterable[str] | None = None
    ) -> dict[str, Result]:
        """One shop after the other, so that they do not wait for each other."""
        shops = self.stage.house.settings if among is None else among
        return {shop: self._one(act, shop) for shop in shops}

    def _one(self, act: Callable[[str], Result], shop: str) -> Result:
        try:
            result = act(shop)
        except RefusedError as refused:
            status = refused.answer.status
            outcome = self.stage.out_of_reach(shop) if status == DOWN else "refused"
            return Result(outcome, refused.answer, {"status": status})
        if result.answer and result.answer.ms is not None:
            self.stage.times[shop].append(result.answer.ms)
        return result

    # -- what acts are made of

    def cookie(self, shop: str) -> tuple[str, str]:
        """Name and value of the shop's session cookie; no value if there is none."""
        name = session_cookie(self.stage.shop(shop).registry).name(self.request)
        return name, self.errand.cookies.get(name, "")

    def state(self, shop: str, errand: Errand | None = None) -> Any:
        return done((errand or self.errand).get(shop, "/session.json")).data

    def put(self, shop: str, errand: Errand | None = None) -> Answer:
        return done((errand or self.errand).post(shop, "/cart/items", sku=self.sku))

    def begin(self, shop: str) -> Result:
        """A tea in the cart, if there is no session yet."""
        if self.state(shop)["new"]:
            self.put(shop)
        return Result("begun")

    def log_in(self, shop: str) -> Answer:
        """As a user of this shop and this visitor alone, who registers with the first click.

        Not the same in all: `custom` ends all of a user's sessions at once, and a kept cart goes to
        the shop that its owner comes to first. To register again is to log in.
        """
        stage, name = self.stage, account(shop, self.stage.number)
        answer = done(self.errand.post(shop, "/register", username=name, password=DEMO_PASSWORD))
        make_room(stage.shop(shop), shop, stage.house.numbers())
        return answer


def begun(results: dict[str, Result]) -> list[str]:
    """Where there is a session now."""
    return [shop for shop in results if results[shop].outcome == "begun"]


def add(play: Play) -> dict[str, Result]:
    return play.each(lambda shop: Result("done", play.put(shop)))


def clear(play: Play) -> dict[str, Result]:
    return play.each(lambda shop: Result("done", done(play.errand.post(shop, "/cart/clear"))))


def login(play: Play) -> dict[str, Result]:
    return play.each(lambda shop: Result("done", play.log_in(shop)))


def logout(play: Play) -> dict[str, Result]:
    """And show the old cookie again, as a thief would."""

    def one(shop: str) -> Result:
        if not play.state(shop)["user"]:
            play.log_in(shop)
        thief = play.errand.apart()
        done(play.errand.post(shop, "/logout"))
        found = play.state(shop, thief)
        opened = "login" if found["user"] else "cart" if found["cart"]["lines"] else "nothing"
        return Result(opened)

    return play.each(one)


def race(play: Play) -> dict[str, Result]:
    """Twelve clicks that leave one browser at the same moment."""

    def one(shop: str) -> Result:
        play.begin(shop)
        before = play.state(shop)["cart"]["quantity"]
        tabs = [play.errand.apart() for _ in range(AT_ONCE)]
        with play.stage.house.race, ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(lambda tab: play.put(shop, tab), tabs))
        play.errand.take(tabs[-1])
        kept = play.state(shop)["cart"]["quantity"] - before
        figures = {"sent": len(answers), "kept": kept}
        return Result("all" if kept == AT_ONCE else "some", figures=figures)

    return play.each(one)


def fill(play: Play) -> dict[str, Result]:
    """With Hangul, until the shop refuses it: another guest's session, by the lab `overflow`."""

    def one(shop: str) -> Result:
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

    return play.each(one)


def flip(play: Play) -> dict[str, Result]:
    """One character of the cookie."""

    def one(shop: str) -> Result:
        play.begin(shop)
        name, value = play.cookie(shop)
        middle = len(value) // 2
        other = "A" if value[middle] != "A" else "B"
        changed = value[:middle] + other + value[middle + 1 :]
        found = play.state(shop, play.errand.apart(**{name: changed}))
        return Result("nobody" if found["new"] else "known")

    return play.each(one)


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
    return results | play.each(partial(remembered, play), begun(results))


def remembered(play: Play, shop: str) -> Result:
    return Result("forgotten" if play.state(shop)["new"] else "kept")


ACTS: dict[str, Callable[[Play], dict[str, Result]]] = {
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
