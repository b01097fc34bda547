"""One act by one visitor: what the acts are made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from demoapp.lessons.stage.accounts import account, make_room
from demoapp.lessons.stage.errand import Answer, Errand
from demoapp.lessons.stage.house import Stage
from demoapp.sessions.cookie import session_cookie
from demoapp.shop.accounts import DEMO_PASSWORD

DOWN = 503


@dataclass(frozen=True)
class Result:
    """What one shop did."""

    outcome: str
    """Which sentence of stage.toml it is."""
    answer: Answer | None = None
    """The shop's, if the act is a single request."""
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
        """Log in as a user of this shop and this visitor alone, whom the first click registers.

        Not the same in all: `custom` ends all of a user's sessions at once, and a kept cart goes to
        the shop that its owner comes to first. To register again is to log in.
        """
        stage, name = self.stage, account(shop, self.stage.number)
        answer = done(self.errand.post(shop, "/register", username=name, password=DEMO_PASSWORD))
        make_room(stage.shop(shop), shop, stage.house.numbers())
        return answer
