"""The session itself: Pyramid's ISession over a dict. It knows no store.

A view meets nothing but this; how the data comes and goes is in keeping.py.
"""

import secrets
from collections.abc import Iterator, MutableMapping
from typing import Any

from zope.interface import implementer

from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.interfaces import IServerSession, ISessionStore, Record, SessionStore
from demoapp.sessions.keeping import Kept
from demoapp.sessions.migration import Identify, by_id, in_front_of_the_old
from demoapp.sessions.settings import SessionSettings


def install(config: Any, store: SessionStore, settings: SessionSettings) -> None:
    """Make `store` the one behind `request.session`. A strategy's includeme ends with this."""
    identify: Identify = by_id
    if settings.migrate_from:
        store, identify = in_front_of_the_old(config, store, settings)
    config.registry.registerUtility(store, ISessionStore)
    cookie = SessionCookie(settings.cookie_name, settings.cookie_secure)
    config.set_session_factory(lambda request: Session(request, store, settings, cookie, identify))


@implementer(IServerSession)
class Session(Kept, MutableMapping[str, Any]):
    """A visitor's session, kept by a :class:`~demoapp.sessions.interfaces.SessionStore`."""

    # -- the dict; every access goes through data(), every change through writable()

    def __getitem__(self, key: str) -> Any:
        return self.data()[key]

    def __contains__(self, key: object) -> bool:
        return key in self.data()

    def __iter__(self) -> Iterator[str]:
        return iter(self.data())

    def __len__(self) -> int:
        return len(self.data())

    def __setitem__(self, key: str, value: Any) -> None:
        self.writable()[key] = value

    def __delitem__(self, key: str) -> None:
        del self.writable()[key]

    # -- ISession

    @property
    def new(self) -> bool:
        self.data()
        return self._record is None or self._ended

    @property
    def created(self) -> int:
        return int(self._created)

    @property
    def _created(self) -> float:
        self.data()
        return self._record.created if self._record and not self._anew else self._now

    def changed(self) -> None:
        """Part of ISession. Not needed: a nested change is found when the data is compared."""
        self.writable()

    def invalidate(self) -> None:
        """Forget everything; the record and the cookie go with the commit."""
        self.writable().clear()
        self._ended = self._anew = True
        self._owner = None

    def flash(self, msg: Any, queue: str = "", allow_duplicate: bool = True) -> None:
        messages = self.setdefault("_f_" + queue, [])
        if allow_duplicate or msg not in messages:
            messages.append(msg)

    def pop_flash(self, queue: str = "") -> list[Any]:
        # asked before popping, so that a page without messages joins no transaction
        return self.pop("_f_" + queue) if "_f_" + queue in self else []

    def peek_flash(self, queue: str = "") -> list[Any]:
        return self.get("_f_" + queue, [])  # type: ignore[no-any-return]

    def new_csrf_token(self) -> str:
        token = self["_csrft_"] = secrets.token_urlsafe(32)
        return token

    def get_csrf_token(self) -> str:
        return self.get("_csrft_") or self.new_csrf_token()

    # -- beyond ISession: IServerSession

    def rotate(self) -> None:
        self.writable()
        self._ended = True

    @property
    def handle(self) -> str | None:
        self.data()
        return self._record.handle if self._record and not self._ended else None

    @property
    def record(self) -> Record | None:
        """As it is stored, None before it is."""
        self.data()
        return self._record

    @property
    def expires(self) -> float:
        limits = self._settings
        return min(self._created + limits.absolute_timeout, self._now + limits.idle_timeout)

    @property
    def owner(self) -> str | None:
        self.data()
        return self._owner

    @owner.setter
    def owner(self, owner: str | None) -> None:
        self.writable()
        self._owner = owner

    @property
    def device(self) -> str:
        self.data()
        return self._device

    @device.setter
    def device(self, device: str) -> None:
        self.writable()
        self._device = device[:80]
