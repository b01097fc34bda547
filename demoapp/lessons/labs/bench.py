"""The engine of the labs: a bench is one lab in one request."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from pyramid.httpexceptions import HTTPBadRequest, HTTPNotFound, HTTPSeeOther

from demoapp.i18n import _
from demoapp.lessons.labs.lab import Lab
from demoapp.lessons.labs.notes import Notes, aside_cookie
from demoapp.lessons.labs.visit import Visit
from demoapp.sessions.cookie import session_cookie
from demoapp.shop.strategies import is_known


@dataclass(frozen=True)
class Observation:
    """What a lab has seen. Without an outcome it is not over yet."""

    outcome: str | None = None
    rows: dict[str, Any] = field(default_factory=dict)
    """Figures by the name of their label."""


def asked_for(request: Any) -> Lab:
    """The lab of the address."""
    lab: Lab | None = request.registry["labs"].get(request.matchdict["name"])
    if lab is None:
        raise HTTPNotFound(_("There is no such lab."))
    return lab


class Bench:
    """One lab in one request: the visitor's session and cookies, and what to answer."""

    def __init__(self, request: Any) -> None:
        self.request = request
        self.lab = asked_for(request)
        self.name, self.module = self.lab.name, self.lab.module
        self.texts = self.lab.texts(request.locale_name)
        self.path: str = request.route_path("lab", name=self.name)
        self.response = HTTPSeeOther(self.path)
        self.notes = Notes(request)
        # another lab that has set the session aside, and must bring it back before this begins
        self.elsewhere: str | None = None
        if self.notes.get("lab") != self.name:
            self.elsewhere = self.notes.get("lab") if self.notes.get("aside") else None
            self.notes.clear()
        self.cookie = session_cookie(request.registry)
        self.aside = aside_cookie(request)

    # -- what the shop runs on

    @property
    def strategy(self) -> str:
        strategy: str = self.request.registry["session.settings"].strategy
        return strategy

    @property
    def ours(self) -> bool:
        """Whether the session is one of the four that the labs know, not from elsewhere."""
        return is_known(self.request.registry)

    @property
    def expected(self) -> list[str]:
        """The outcomes that are right for this strategy; none if nobody can know."""
        if not self.ours:
            return []
        just_now = getattr(self.module, "expected", lambda bench: None)(self)
        return just_now or self.expected_of(self.strategy)

    def expected_of(self, strategy: str) -> list[str]:
        """What lab.toml says."""
        outcomes = self.texts["expected"][strategy]
        return [outcomes] if isinstance(outcomes, str) else outcomes

    @property
    def ran(self) -> tuple[Any, ...]:
        """The functions that the experiment is about, with this strategy."""
        ran: dict[str, tuple[Any, ...]] = getattr(self.module, "RAN", {})
        return ran.get(self.strategy, ()) if self.ours else ()

    # -- acting

    @property
    def offered(self) -> tuple[str, ...]:
        """The actions that may come now."""
        if self.elsewhere or (self.texts.get("our_cookie") and not self.ours):
            return ()
        steps: tuple[str, ...] = self.module.NEXT.get(self.notes.get("step", ""), ())
        return steps

    def act(self, action: str, prediction: str) -> Any:
        """Do what a button says. One that is not offered now, as in an old tab, does nothing."""
        inner = getattr(self.module, "INNER", {})  # not for buttons: what a Visit asks for
        if action not in {"reset", "end", *inner, *self.module.ACTIONS}:
            raise HTTPBadRequest(_("There is no such step in this lab."))
        if action in inner:
            inner[action](self)
        elif action == "end":
            if not self.session.new:
                self.session.invalidate()
        elif action == "reset" and not self.elsewhere:
            self.reset()
            self.notes.write(self.request, self.response)
        elif action in self.offered:
            if prediction in self.texts["outcome"]:
                self.notes["prediction"] = prediction
            self.notes.update(lab=self.name, step=action)
            self.module.ACTIONS[action](self)
            self.notes.write(self.request, self.response)
        return self.response

    def reset(self) -> None:
        """Bring everything back: the session's cookie, what the lab put in it, its notes."""
        if self.notes.get("aside"):
            self.restore()
        elif "lab" in self.session:
            del self.session["lab"]
            if not list(self.session.keys()):
                self.session.invalidate()  # it began with the lab
        if self.aside.read(self.request):
            self.aside.write(self.request, self.response, "")
        self.notes.clear()

    # -- tools of the labs

    @property
    def session(self) -> Any:
        return self.request.session

    def mark(self) -> None:
        """Put something in the session that can be recognised later."""
        self.notes["mark"] = self.session["lab"] = secrets.token_hex(4)

    @property
    def marked(self) -> bool:
        """Whether this is the session that was marked."""
        return "mark" in self.notes and self.session.get("lab") == self.notes["mark"]

    def visit(self, **cookies: str) -> Visit:
        """A browser with the visitor's cookies, but none of the lab's; `cookies` on top."""
        own = {k: v for k, v in self.request.cookies.items() if "lab-" not in k}
        return Visit(self.request, {**own, **cookies})

    def keep_copy(self) -> None:
        """Keep a copy of the session cookie, in a cookie with the same flags."""
        self.aside.write(self.request, self.response, self.cookie.read(self.request) or "")

    def set_aside(self, value: str) -> None:
        """Put another value in the place of the session cookie, which `reset` brings back."""
        self.notes["aside"] = True
        self.keep_copy()
        self.cookie.write(self.request, self.response, value)

    def restore(self) -> None:
        """End the session that the lab has led to, and put the visitor's own in its place."""
        self.visit().post(self.path, action="end")
        own, name = self.aside.read(self.request), self.cookie.name(self.request)
        if own:
            visit = self.visit(**{name: own})
            visit.post(self.path, action="reset")  # takes the lab's mark out of it
            own = visit.cookies.get(name, "")
        self.cookie.write(self.request, self.response, own or "")

    def since(self, note: str) -> float:
        """Seconds since a moment that was noted."""
        return time.time() - float(self.notes[note])
