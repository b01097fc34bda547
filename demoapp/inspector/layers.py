"""What a layer of the inspector is made of, and the words for it."""

from dataclasses import dataclass, field
from typing import Any

from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.custom import DEFAULT
from demoapp.sessions.interfaces import IServerSession, SessionStoreUnavailable, key_of
from demoapp.sessions.settings import SessionSettings
from demoapp.teaching import content


@dataclass
class Row:
    label: str
    value: str
    code: bool = False
    deadline: float | None = None
    """Seconds since the epoch, where the value is the time until then."""


@dataclass
class Layer:
    id: str
    title: str
    intro: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    changes: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    """What, before, after; None where there was nothing."""


class Subject:
    """One request's session, as the layers look at it."""

    def __init__(self, request: Any, raw: bool) -> None:
        self.request = request
        self.raw = raw
        self.settings: SessionSettings = request.registry["session.settings"]
        self.words = content("inspector", request.locale_name)
        cookie = SessionCookie(self.settings.cookie_name, self.settings.cookie_secure)
        self.cookie_name, self.secure = cookie.name(request), cookie.secure(request)
        self.cookie: str | None = cookie.read(request)
        self.session: Any = None
        """None while the store cannot be reached."""
        try:
            request.session.get("cart")  # ISession has no len()
            self.session = request.session
        except SessionStoreUnavailable:
            pass
        self.ours = self.session is None or IServerSession.providedBy(self.session)
        self.factory = request.registry.settings.get("session.custom.factory", DEFAULT)
        self.signed_cookie = not self.ours and self.factory == DEFAULT

    @property
    def foreign(self) -> bool:
        return not self.ours and not self.signed_cookie

    @property
    def record(self) -> Any:
        return getattr(self.session, "record", None)

    @property
    def moving(self) -> bool:
        """The cookie is of the strategy that was in use before: see `session.migrate_from`."""
        if not self.settings.migrate_from or self.session is None or self.session.new:
            return False
        is_an_id = key_of(self.cookie or "") is not None
        return is_an_id if self.signed_cookie else not is_an_id

    def say(self, name: str, **values: Any) -> str:
        return str(self.words["say"][name]).format(**values)

    def layer(self, name: str, *intro: str) -> Layer:
        return Layer(name, self.words["layer"][name], [self.say(line) for line in intro])

    def row(self, label: str, value: object, code: bool = False) -> Row:
        return Row(self.words["label"][label], str(value), code)

    def mask(self, secret: str) -> str:
        """Enough to recognise it, unless all of it was asked for."""
        return secret if self.raw else f"{secret[:4]}…"
