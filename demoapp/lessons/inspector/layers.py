"""What a layer of the inspector is made of, and the words for it."""

from dataclasses import dataclass, field
from typing import Any

from demoapp.i18n import when
from demoapp.lessons.content import content
from demoapp.sessions.cookie import session_cookie
from demoapp.sessions.ids import Ids
from demoapp.sessions.interfaces import SessionStoreUnavailable
from demoapp.sessions.settings import SessionSettings
from demoapp.shop.strategies import is_known

MOMENTS = ("created", "last_seen")
"""Rows whose raw value counts seconds since the epoch."""


@dataclass
class Row:
    label: str
    value: str
    code: bool = False
    deadline: float | None = None
    """Seconds since the epoch, where the value is the time until then."""
    note: str | None = None
    """What a raw value means."""


@dataclass
class Layer:
    id: str
    title: str
    intro: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    changes: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    """What, before, after; None where there was nothing."""


def cookie_bytes(request: Any, value: str | None) -> int | None:
    """Of a cookie as the browser sends it: with its name."""
    name = session_cookie(request.registry).name(request)
    return None if value is None else len(f"{name}={value}".encode())


class Subject:
    """One request's session, as the layers look at it."""

    def __init__(self, request: Any, raw: bool) -> None:
        self.request = request
        self.raw = raw
        self.settings: SessionSettings = request.registry["session.settings"]
        self.words = content("inspector", request.locale_name)
        cookie = session_cookie(request.registry)
        self.cookie_name, self.secure = cookie.name(request), cookie.secure(request)
        self.session: Any = None
        """None while the store cannot be reached."""
        try:
            request.session.get("cart")  # ISession has no len()
            self.session = request.session
        except SessionStoreUnavailable:
            pass
        named = request.registry.settings.get("session.custom.factory")
        self.factory = named or f"session.strategy = {self.settings.strategy}"
        self.foreign = not is_known(request.registry)
        """Made by somebody of whom we cannot know how they keep a session."""
        self.signed_cookie = self.settings.strategy == "custom" and not self.foreign
        self.cookie = self._led_here(cookie.values(request))

    def _led_here(self, values: list[str]) -> str | None:
        """The cookie of this session, as far as we can tell, if several have its name."""
        stored = getattr(self.record, "key", None)

        def likely(value: str) -> tuple[bool, bool]:
            keys = self._keys(value)
            return stored in keys, bool(keys) != self.signed_cookie

        return max(values, key=likely, default=None)

    @property
    def record(self) -> Any:
        return getattr(self.session, "record", None)

    @property
    def moving(self) -> bool:
        """The cookie is of the strategy that was in use before: see `session.migrate_from`."""
        if not self.settings.migrate_from or self.session is None or self.session.new:
            return False
        return bool(self.keys) == self.signed_cookie

    @property
    def keys(self) -> list[str]:
        """What a store may know the cookie by; none if its value cannot be an id of ours."""
        return self._keys(self.cookie or "")

    def _keys(self, value: str) -> list[str]:
        return Ids(self.settings.secrets).keys(self.request, value)

    def say(self, name: str, **values: Any) -> str:
        return str(self.words["say"][name]).format(**values)

    def layer(self, name: str, *intro: str) -> Layer:
        return Layer(name, self.words["layer"][name], [self.say(line) for line in intro])

    def row(self, label: str, value: object, code: bool = False) -> Row:
        return Row(self.words["label"][label], str(value), code, note=self.note(label, value))

    def note(self, name: str, value: object) -> str | None:
        """A moment as people write it; of what else is not plain, what it is for."""
        if name in MOMENTS and isinstance(value, int | float):
            return self.say("moment", when=when(value, self.request.locale_name))
        note: str | None = self.words["note"].get(name)
        return note

    def mask(self, secret: str) -> str:
        """Its first characters, to recognise it, unless all of it was asked for."""
        return secret if self.raw else f"{secret[:4]}…"
