"""Who is logged in: Pyramid's security policy over the session, and login and logout."""

from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pyramid.csrf import new_csrf_token
from pyramid.interfaces import ISecurityPolicy
from pyramid.security import Allowed
from sqlalchemy import select
from zope.interface import implementer

from demoapp.models import User
from demoapp.sessions.interfaces import IServerSession, ISessionStore, SessionStore

HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
"""argon2id with the parameters of the OWASP Password Storage Cheat Sheet."""
NOBODY = HASHER.hash("nobody's password")
"""Checked when there is no such user, so that the answer takes as long (ASVS 6.3.8)."""


@implementer(ISecurityPolicy)
class SessionSecurityPolicy:
    def identity(self, request: Any) -> User | None:
        user: User | None = request.current_user
        return user

    def authenticated_userid(self, request: Any) -> str | None:
        user = self.identity(request)
        return user.username if user else None

    def permits(self, request: Any, context: Any, permission: str) -> Any:
        return Allowed("the shop has no permissions beyond being logged in")

    def remember(self, request: Any, userid: str, **kw: Any) -> list[Any]:
        return []

    def forget(self, request: Any, **kw: Any) -> list[Any]:
        return []


def current_user(request: Any) -> User | None:
    """The user of the session, unless disabled or logged out everywhere since."""
    match request.session.get("user"):
        case {"id": int(number), "epoch": int(epoch)} if 0 < number < 2**31:
            user: User | None = request.dbsession.get(User, number)
        case _:
            return None
    if user is None or not user.active or user.session_epoch != epoch:
        request.session.invalidate()  # it was ended from elsewhere, and so is all that it holds
        return None
    if IServerSession.providedBy(request.session) and request.session.owner is None:
        _own(request, user)  # it was moved here from a strategy that knows no owners
    return user


def verify(request: Any, username: str, password: str) -> User | None:
    """The user with this name and password, in the same time whether or not there is one."""
    query = select(User).where(User.username == username.strip().casefold())
    user = request.dbsession.scalars(query).first()
    try:
        HASHER.verify(user.password_hash if user else NOBODY, password)
    except (VerificationError, InvalidHashError):
        return None
    if user is None or not user.active:
        return None
    if HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = HASHER.hash(password)
    return user  # type: ignore[no-any-return]


def begin(request: Any, user: User, again: bool = False) -> None:
    """Make the session the user's own, under a new id and with a new CSRF token.

    `again` where it is already: only a login starts the absolute limit anew (ASVS 7.3.2).
    """
    session = request.session
    if again and IServerSession.providedBy(session):
        session.rotate()
    else:  # emptied and filled again: most foreign ones, too, take a new id for that
        kept = dict(session.items())
        session.invalidate()
        session.update(kept)
    if IServerSession.providedBy(session):
        _own(request, user)
    session["user"] = {"id": user.id, "epoch": user.session_epoch}
    new_csrf_token(request)


def _own(request: Any, user: User) -> None:
    """Note whose session it is, so that it appears in the user's list of devices."""
    request.session.owner = str(user.id)
    request.session.device = device(request.user_agent or "")


def end(request: Any) -> None:
    """Log out. Where no record can be deleted, the epoch ends every copy of the cookie."""
    user = request.current_user
    if user and not IServerSession.providedBy(request.session):
        raise_epoch(request, user)
    if not request.session.new:  # or a cookie session would begin with its end
        request.session.invalidate()
    new_csrf_token(request)


def raise_epoch(request: Any, user: User) -> None:
    """End all sessions that carry the epoch so far.

    Counted by the database: of two requests at once, each would else arrive at the same number,
    and the session that one of them begins anew would outlive the other.
    """
    user.session_epoch = User.session_epoch + 1
    request.dbsession.flush()


def end_everywhere(request: Any, user: User, but: str | None = None) -> None:
    """End every session of a user, except that with the handle `but`, which has to begin anew.

    Raising the epoch ends them, wherever they are kept; deleting the records tidies up.
    """
    raise_epoch(request, user)
    store: SessionStore | None = request.registry.queryUtility(ISessionStore)
    for record in store.owned_by(request, str(user.id)) if store else ():
        if record.handle != but:
            store.delete(request, record.key)  # type: ignore[union-attr]


def device(user_agent: str) -> str:
    """Something the owner of a device recognises; no more than that is kept."""
    browsers = {"Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
    systems = {
        "Android": "Android",
        "iPhone": "iPhone",
        "Windows": "Windows",
        "Mac OS": "macOS",
        "Linux": "Linux",
    }
    browser = next((name for mark, name in browsers.items() if mark in user_agent), "?")
    system = next((name for mark, name in systems.items() if mark in user_agent), "?")
    return f"{browser}, {system}"


def includeme(config: Any) -> None:
    config.add_request_method(current_user, reify=True)
    config.set_security_policy(SessionSecurityPolicy())
