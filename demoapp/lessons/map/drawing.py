"""The map in words: what stands beside each place, and the sentence for who cannot see it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from demoapp.lessons.content import content
from demoapp.lessons.inspector.contents import duration
from demoapp.lessons.map.state import State


@dataclass(frozen=True)
class Fact:
    text: str
    deadline: float | None = None
    """Seconds since the epoch, where a time left follows the text."""
    left: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.left}".strip()


@dataclass(frozen=True)
class Place:
    name: str
    title: str
    facts: list[Fact]


class Drawing:
    """What templates/map.pt draws."""

    def __init__(self, state: State, locale: str) -> None:
        self.state = state
        self._words = content("map", locale)

    def _say(self, part: str, name: str, /, **values: object) -> str:
        return str(self._words[part][name]).format(**values)

    # -- what the picture needs

    @property
    def now(self) -> float:
        """For countdowns: the server's clock, seconds since the epoch."""
        return time.time()

    @property
    def in_store(self) -> bool:
        """Whether this strategy has a store beside the process."""
        return self.state.strategy not in ("memory", "custom")

    @property
    def moved(self) -> bool:
        """Whether something happened, so that the picture may move."""
        return bool(self.state.change and self.state.change.just_now)

    @property
    def new_cookie(self) -> bool:
        return bool(self.moved and self.state.change and self.state.change.new_cookie)

    @property
    def trips(self) -> int | None:
        """Those of the request before this page, if it has changed something; else of this page."""
        if self.state.change and self.moved:
            return self.state.change.trips
        return self.state.trips

    @property
    def busy(self) -> str:
        """How often the pulse goes to the store and back, as a word for the style sheet."""
        if not self.in_store or not self.trips or self.state.found == "down":
            return "0"
        return str(min(self.trips, 3))

    # -- what it needs in words

    @property
    def title(self) -> str:
        return self._say("say", "title")

    @property
    def cart(self) -> str:
        count = self.state.quantity
        return self._say("cart", ("empty", "one")[count] if count < 2 else "more", count=count)

    @property
    def answer(self) -> str:
        """Where the cart is, in a few words."""
        state = self.state
        name = state.strategy if state.found == "kept" else state.found
        if name == "memory" and not state.pid:
            name = "one_process"
        return self._say("answer", name, cart=self.cart, pid=state.pid)

    @property
    def places(self) -> list[Place]:
        state = self.state
        process = "title" if state.pid else "some"
        store = state.strategy if self.in_store else "nothing"
        return [
            Place("browser", self._say("browser", "title"), [*self._browser()]),
            Place("process", self._say("process", process, pid=state.pid), [*self._process()]),
            Place("store", self._say("store", store), [*self._store()]),
        ]

    def _browser(self) -> Iterator[Fact]:
        state = self.state
        if state.strategy == "elsewhere":
            yield Fact(self._say("browser", "unknown"))
        elif state.cookie_bytes is None:
            if state.found != "down":
                yield Fact(self._say("browser", "no_cookie"))
        else:
            shown = {"name": state.cookie_name, "bytes": state.cookie_bytes}
            inside = state.place == "browser"
            yield Fact(self._say("browser", "all_of_it" if inside else "cookie", **shown))
            if not inside:
                yield Fact(self._say("browser", "only_id"))
            elif state.holds:
                yield Fact(self._say("browser", "holds", keys=", ".join(state.holds)))
        if state.change and self.new_cookie:
            yield Fact(self._say("browser", "new", request=state.change.request))
        if state.place == "browser":
            yield from self._record()

    def _process(self) -> Iterator[Fact]:
        yield Fact(self._say("process", "answered"))
        if self.state.place != "process":
            yield Fact(self._say("process", "keeps_nothing"))
        elif self.state.found == "kept":
            yield from self._record()
            yield Fact(self._say("process", "only_here"))
        elif self.state.found != "down":
            yield Fact(self._say("store", "no_record"))

    def _store(self) -> Iterator[Fact]:
        state = self.state
        if not self.in_store:
            yield Fact(self._say("store", "not_needed"))
        elif state.found == "down":
            yield Fact(self._say("store", "down"))
        elif state.strategy == "elsewhere":
            yield Fact(self._say("store", "unknown"))
            yield from self._record()
        elif state.found == "kept":
            yield from self._record()
        else:
            yield Fact(self._say("store", "no_record"))

    def _record(self) -> Iterator[Fact]:
        """What there is wherever the session is kept."""
        state = self.state
        if state.found != "kept":
            return
        yield Fact(self._say("record", "cart", cart=self.cart))
        if state.user:
            yield Fact(self._say("record", "user", user=state.user))
        if state.record_bytes is not None:
            yield Fact(self._say("record", "bytes", bytes=state.record_bytes))
        if state.ends and state.left is not None:
            yield Fact(self._say("record", "ends"), state.ends, duration(state.left))

    @property
    def pulse(self) -> str:
        """The last request, and how often it has asked the store."""
        trips, change = self.trips, self.state.change
        name = "unknown" if trips is None else ("none", "one")[trips] if trips < 2 else "more"
        request = change.request if change and self.moved else self._say("pulse", "this_page")
        return self._say("pulse", name, request=request, trips=trips)

    @property
    def changed(self) -> str | None:
        """The heading over what the latest change did."""
        change = self.state.change
        return self._say("pulse", "changed", request=change.request) if change else None

    @property
    def told(self) -> str:
        """All of it in one sentence, for who hears the page."""
        parts = [f"{place.title}: {', '.join(map(str, place.facts))}" for place in self.places]
        pulse = [] if self.state.found == "down" else [self.pulse]
        return ". ".join([*parts, *pulse]) + "."
