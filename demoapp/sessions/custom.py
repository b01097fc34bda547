"""`session.strategy = custom`: the session factory that `session.custom.factory` makes."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from pyramid.session import SignedCookieSessionFactory
from webob.cookies import SignedSerializer

from demoapp.sessions import STRATEGIES
from demoapp.sessions.factory import SessionFactory, request_around
from demoapp.sessions.finding import Found
from demoapp.sessions.ini import Ini, SettingsError
from demoapp.sessions.interfaces import Record, SessionTooLarge, Store, Update
from demoapp.sessions.saving import ASKED, Saving
from demoapp.sessions.settings import SessionSettings
from demoapp.sessions.text import read, write

COOKIE_LIMIT = 4064  # Pyramid's, for the value; browsers drop a cookie over 4096 bytes in all


class SignedCookies(SessionFactory, Store):
    """As Pyramid's SignedCookieSessionFactory; and the store, as a cookie's value says it all."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        ours = SessionSettings.read(settings, STRATEGIES)
        super().__init__(self, ours)
        self.keys = lambda request, shown: [shown]
        like = {"salt": "pyramid.session.", "hashalg": "sha512", "serializer": self}
        self.signers = [SignedSerializer(secret, **like) for secret in ours.secrets]
        for signer in self.signers:
            signer.digestmod = like["hashalg"]  # by name, hmac is done in C

    def __call__(self, request: Any) -> Any:
        around = request_around(request)
        return around.session if around else CookieSession(request, self)

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | None:
        for signer in self.signers:
            with suppress(ValueError):
                renewed, created, data = signer.loads(key)
                return Record(key, data, 1, created, renewed)
        return None

    def write(self, *_: object) -> None:
        """Nothing to do: the answer carries it. And nobody can take it back from the browser."""

    delete = write  # type: ignore[assignment]

    def dumps(self, parts: tuple[float, float, str]) -> bytes:
        renewed, created, data = parts
        return f"[{renewed!r},{created!r},{data}]".encode()

    def loads(self, text: bytes) -> tuple[float, float, str]:
        renewed, created, data = text.decode()[1:-1].split(",", 2)
        return float(renewed), float(created), data


signed_cookie = SignedCookies
DEFAULT = "demoapp.sessions.custom.signed_cookie"


class CookieSession(SignedCookieSessionFactory("")):  # type: ignore[misc]  # signed above
    """Pyramid's, but sent when its transaction has committed: a view that fails changes nothing."""

    def __init__(self, request: Any, factory: SignedCookies) -> None:
        self._request, self._factory = request, factory
        self.issue: str | None = None
        self._saving = saving = Saving(request, factory)
        saving.session = self
        request.environ[ASKED] = True
        now, shown = time.time(), factory.cookie.values(request)
        self._kept = Record("", "{}", 0, now, now)  # begins anew with this if the look-up fails
        found = factory.look(request, shown, saving.load, now)
        data = None
        if isinstance(found, Found):
            _, self._kept, data = found
        self.reset(data)

    @property
    def _reissue_time(self) -> int | None:
        """Seconds after which an access renews the cookie, while it can still be sent."""
        return None if self._saving.closed else int(self._factory.settings.touch_interval)

    def _access(self, when: float) -> None:
        self._saving.notice_failure()  # an exception view must not see what has failed
        self._accessed = when

    accessed = property(lambda self: self._accessed, _access, doc="Pyramid sets it, at each access")

    @property
    def expires(self) -> float:
        """When it ends if nothing more is asked, seconds since the epoch."""
        limits, _ = self._factory.settings, "" in self  # an access: a new cookie may be due
        seen = self.accessed if self._dirty else self.renewed
        return float(min(self.created + limits.absolute_timeout, seen + limits.idle_timeout))

    def changed(self) -> None:
        self._saving.take_part()
        self._dirty = True
        self._saving.warn_if_nobody_answers()

    def pending(self) -> Update | None:
        if not self._dirty:
            return None
        text = write(dict(dict.items(self)))
        value = self._factory.signers[0].dumps((self.accessed, self.created, text)).decode()
        limit = min(COOKIE_LIMIT, 4096 - len(self._factory.cookie.name(self._request) + "="))
        if len(value) > limit:
            raise SessionTooLarge(len(value), limit)
        new = Record(value, text, 1, self.created, self.accessed)
        return Update(self._kept, new, writer=self._saving.writer)

    def saved(self, change: Update | None) -> None:
        if change:
            self._kept, self.issue, self._dirty = change.new, change.new.key, False
            self.renewed = change.new.last_seen

    def reset(self, data: dict[str, Any] | None = None) -> None:
        kept, self._dirty = self._kept, False
        self.new, self.created = kept.version == 0, kept.created
        self.renewed = self._accessed = kept.last_seen
        dict.clear(self)
        dict.update(self, read(kept.data) if data is None else data)

    def forget(self) -> None:
        """Go on as if there had been no cookie. None is taken back."""
        now = time.time()
        self._kept = Record("", "{}", 0, now, now)
        self.reset()

    def snapshot(self) -> Callable[[], None]:
        text = write(dict.copy(self))
        return lambda: dict.clear(self) or dict.update(self, read(text))


def make_factory(config: Any) -> Callable[[Any], Any]:
    """`session.custom.factory` names a function: settings -> session factory, used as it is."""
    name = Ini(config.registry.settings).text("session.custom.factory", DEFAULT)
    try:
        maker: Callable[[Any], Callable[[Any], Any]] = config.maybe_dotted(name)
        if not callable(maker):
            raise ValueError("it is not a function")  # noqa: TRY004
    except (ImportError, ValueError) as err:
        raise SettingsError(f"session.custom.factory = {name!r}: {err}") from err
    return maker(config.registry.settings)


def includeme(config: Any) -> None:
    config.registry["session.factory"] = factory = make_factory(config)
    config.set_session_factory(factory)
