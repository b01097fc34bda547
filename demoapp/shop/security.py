"""Who is logged in: Pyramid's security policy over the session, and login and logout."""

from typing import Any
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pyramid.csrf import new_csrf_token
from pyramid.interfaces import ISecurityPolicy
from pyramid.security import Allowed
from sqlalchemy import select
from zope.interface import implementer

from demoapp.sessions.interfaces import IServerSession, ISessionStore, Record, Store
from demoapp.shop import saved, text
from demoapp.shop.models import User
from demoapp.shop.models.user import new_epoch

HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
"""argon2id with the parameters of the OWASP Password Storage Cheat Sheet."""
ENDED = "demoapp.epoch"
"""In the environ, which all attempts at a request share: the epoch it has ended, and the next."""
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
    session = request.session
    claim = session.get("user")
    if claim is None:
        return None
    user = _claimed(request, claim)
    if user is None:
        # ended from elsewhere, and so is all that it holds; or another application's, to be kept
        getattr(session, "forget", session.invalidate)()
        return None
    if not user.active:
        session.invalidate()
        return None
    if IServerSession.providedBy(session) and session.owner is None:
        _own(request, user)  # it was moved here from a strategy that knows no owners
    if saved.RESTORED in session:
        saved.arrived(request, user)
    return user


def _claimed(request: Any, claim: object) -> User | None:
    match claim:
        case {"id": int(number), "epoch": str(epoch)} if 0 < number < 2**31:
            user: User | None = request.dbsession.get(User, number)
            if user and epoch in _current(request, user):
                return user
    return None


def _current(request: Any, user: User) -> list[str]:
    """The epoch; and that before it, if this very request has ended that one. It is replayed then,
    as the answer to its COMMIT was lost: so it goes on, or it would end its own session.
    """
    before = [request.environ[ENDED][0]] if ended_by(request, user) else []
    return [user.session_epoch, *before]


def ended_by(request: Any, user: User) -> bool:
    """Whether the user's epoch was begun by this very request, in an attempt that was committed."""
    return bool(request.environ.get(ENDED, (None, None))[1] == user.session_epoch)


def verify(request: Any, username: str, password: str) -> User | None:
    """The user with this name and password, in the same time whether or not there is one."""
    user = named(request.dbsession, username)
    proper = text.password(password)
    # a hash from before passwords were normalised is of the password as it was typed
    matching = (each for each in dict.fromkeys((proper, password)) if _matches(user, each))
    typed = next(matching, None)
    if user is None or typed is None or not user.active:
        return None
    if typed != proper or HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = HASHER.hash(proper)
    return user


def named(dbsession: Any, name: str) -> User | None:
    """The user who goes by this name, however it is typed, and however it was once kept:
    names that came from macOS were not always composed.
    """
    name = text.key(name)
    query = select(User).where(User.username.in_((name, normalize("NFD", name))))
    user: User | None = dbsession.scalars(query.order_by(User.username != name)).first()
    return user


def _matches(user: User | None, password: str) -> bool:
    try:
        return HASHER.verify(user.password_hash if user else NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False


def begin(request: Any, user: User, again: bool = False) -> None:
    """Make the session the user's own, under a new id and with a new CSRF token.

    `again` where it is already: only a login starts the absolute limit anew (ASVS 7.3.2).
    """
    session = request.session
    if not IServerSession.providedBy(session):
        _refill(session)
    elif again:
        session.rotate()
        _own(request, user)
    else:
        session.log_in(owner_of(user), device(request.user_agent or ""))
    session["user"] = {"id": user.id, "epoch": user.session_epoch}
    new_csrf_token(request)


def _refill(session: Any) -> None:
    """Emptied and filled again: most foreign sessions, too, take a new id for that."""
    kept = dict(session.items())
    session.invalidate()
    session.update(kept)


def owner_of(user: User) -> str:
    """The name of a session's owner: another in another database, and after each epoch."""
    return f"{user.id}.{user.session_epoch}"


def _own(request: Any, user: User) -> None:
    """Note whose session it is, so that it appears in the user's list of devices."""
    request.session.owner = owner_of(user)
    request.session.device = device(request.user_agent or "")


def end(request: Any) -> None:
    """Log out. Where no record can be deleted, the epoch ends every copy of the cookie."""
    user = request.current_user
    if user and not IServerSession.providedBy(request.session):
        end_epoch(request, user)
    if not request.session.new:  # or a cookie session would begin with its end
        request.session.invalidate()
    new_csrf_token(request)


def end_epoch(request: Any, user: User) -> None:
    """End all sessions of the user, wherever they are kept: none of them names the new epoch."""
    before, user.session_epoch = user.session_epoch, new_epoch()
    request.environ[ENDED] = before, user.session_epoch
    request.dbsession.flush()


def sessions_of(request: Any, user: User) -> list[Record]:
    """The latest first; none where nobody can list them."""
    store: Store | None = request.registry.queryUtility(ISessionStore)
    return store.owned_by(request, owner_of(user)) if store else []


def end_everywhere(request: Any, user: User, but: str | None = None) -> None:
    """End every session of a user, except that with the handle `but`, which has to begin anew.

    The new epoch ends them, wherever they are kept; deleting the records tidies up.
    """
    listed = sessions_of(request, user)  # while they have the owner they began with
    end_epoch(request, user)
    for record in listed:
        if record.handle != but:
            request.registry.getUtility(ISessionStore).end(request, record.key)


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
