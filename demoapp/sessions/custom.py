"""`session.strategy = custom`: any session factory, named in `session.custom.factory`.

The name leads to a maker: a function that takes the settings and returns a session factory,
as add-ons export one under the name `session_factory_from_settings`. What it makes is used as
it is. The default is :func:`signed_cookie`: Pyramid's SignedCookieSessionFactory, which keeps
the whole session in the visitor's browser, signed but readable, and at most 4 KB of it.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from pyramid.session import SignedCookieSessionFactory
from transaction.interfaces import ISavepointDataManager
from webob.cookies import SignedSerializer
from zope.interface import implementer

from demoapp.sessions import STRATEGIES
from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.interfaces import SessionTooLarge
from demoapp.sessions.migration_cookies import adopting
from demoapp.sessions.settings import Ini, SessionSettings, SettingsError
from demoapp.sessions.text import write
from demoapp.sessions.timing import cost_of, timed
from demoapp.sessions.transaction import Savepoint

DEFAULT = "demoapp.sessions.custom.signed_cookie"
COOKIE_LIMIT = 4064
"""Pyramid refuses a longer value; browsers drop cookies over 4096 bytes in all."""
SALT = "pyramid.session."
HASH = "sha512"

SessionFactory = Callable[[Any], Any]


def signed_cookie(settings: Mapping[str, Any]) -> SessionFactory:
    """SignedCookieSessionFactory with the limits, flags and key rotation of `session.*`."""
    ours = SessionSettings.read(settings, STRATEGIES)
    cookie = SessionCookie(ours.cookie_name, ours.cookie_secure)
    serializer = _TimedJSON(ours)

    factories = {
        secure: [_factory(ours, secret, secure, serializer) for secret in ours.secrets]
        for secure in (False, True)
    }
    measure = SignedSerializer(ours.secrets[0], SALT, HASH, serializer=serializer)

    def session_factory(request: Any) -> Any:
        sent = cookie.read(request)
        newest, *retired = factories[cookie.secure(request)]
        session = newest(request)
        if session.new and sent:
            _adopt(session, (factory(request) for factory in retired))
        session._set_cookie = _measured(request, session._set_cookie)
        if request.environ.get("tm.active"):
            session._size_check = check = _SizeCheck(request, session, measure)
            request.tm.registerSynch(check)  # which keeps a weak reference only
        return session

    return session_factory


def _factory(ours: SessionSettings, secret: str, secure: bool, serializer: Any) -> SessionFactory:
    factory: SessionFactory = SignedCookieSessionFactory(
        secret,
        cookie_name=f"__Host-{ours.cookie_name}" if secure else ours.cookie_name,
        secure=secure,
        httponly=True,
        samesite="Lax",
        timeout=None,  # the serializer keeps both limits
        reissue_time=ours.touch_interval,
        hashalg=HASH,
        salt=SALT,
        serializer=serializer,
        set_on_exception=False,  # a view that raises changes nothing
    )
    return factory


def _measured(request: Any, write: Callable[[Any], None]) -> Callable[[Any], None]:
    def set_cookie(response: Any) -> None:
        cost = cost_of(request)
        cost.saved = True
        with cost.save:
            write(response)

    return set_cookie


def _adopt(session: Any, candidates: Any) -> None:
    """Take over a session signed with a retired secret; the next answer signs it anew."""
    for old in candidates:
        if not old.new:
            session.created, session.new = old.created, False
            session.update(dict.items(old))  # read past its own methods: it must not answer too
            return


class _TimedJSON:
    """Pyramid's payload (renewed, created, data) as UTF-8 JSON, refused when it is too old.

    Refused here it gives a session that is new and empty. Left to Pyramid's own timeout, an
    expired session would keep `new = False` and its old `created`; and an absolute limit
    it does not know.
    """

    def __init__(self, settings: SessionSettings) -> None:
        self._settings = settings

    def dumps(self, payload: Any) -> bytes:
        return write(payload).encode()

    def loads(self, text: bytes) -> Any:
        """Raises ValueError, on which Pyramid begins a new session."""
        try:
            renewed, created, data = json.loads(text)
            if not self._settings.in_time(time.time(), created, renewed):
                raise ValueError("over, or from the future")
        except (TypeError, RecursionError) as err:
            raise ValueError("not a session") from err
        if not isinstance(data, dict):
            raise ValueError("not a session")  # noqa: TRY004 - what Pyramid expects
        return renewed, created, data


@implementer(ISavepointDataManager)
class _SizeCheck:
    """Finds a cookie that would grow too long before anything commits.

    Pyramid finds it too, but in a response callback: after the commit and past every
    exception view.
    """

    def __init__(self, request: Any, session: Any, serializer: Any) -> None:
        self.transaction_manager = request.tm
        self._session = session
        self._serializer = serializer

    def sortKey(self) -> str:  # noqa: N802 - the name is IDataManager's
        return "session"

    def newTransaction(self, transaction: Any) -> None:  # noqa: N802 - ISynchronizer's
        """Take part in this one, and in each that a view begins itself."""
        transaction.join(self)

    def tpc_begin(self, transaction: Any) -> None:
        session = self._session
        if session._dirty:  # has no public name
            size = len(self._serializer.dumps((session.accessed, session.created, dict(session))))
            if size > COOKIE_LIMIT:
                raise SessionTooLarge(size, COOKIE_LIMIT)

    def savepoint(self) -> Savepoint:
        """There is no way back: Pyramid's session is no part of the transaction."""
        return Savepoint(lambda: None)

    def abort(self, transaction: Any) -> None:
        """Nothing was done that would have to be undone."""

    commit = tpc_vote = tpc_finish = tpc_abort = beforeCompletion = afterCompletion = abort  # noqa: N815


def make_factory(config: Any) -> SessionFactory:
    name = Ini(config.registry.settings).text("session.custom.factory", DEFAULT)
    try:
        maker = config.maybe_dotted(name)
    except (ImportError, ValueError) as err:
        raise SettingsError(
            f"session.custom.factory = {name!r} cannot be imported ({err}); "
            "it is the dotted name of a function: settings -> session factory"
        ) from err
    if not callable(maker):
        raise SettingsError(f"session.custom.factory = {name!r} is not a function")
    factory: SessionFactory = maker(config.registry.settings)
    return factory


def includeme(config: Any) -> None:
    name = config.registry.settings.get("session.custom.factory", DEFAULT)
    factory = timed(make_factory(config), countable=name == DEFAULT)
    if config.registry["session.settings"].migrate_from:
        if name != DEFAULT:
            raise SettingsError(
                f"session.migrate_from cannot move sessions into session.custom.factory = {name}; "
                f"it can into {DEFAULT}"
            )
        factory = adopting(config, factory)
    config.set_session_factory(factory)
