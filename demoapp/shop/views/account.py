"""Register, log in and out, password, and the user's sessions."""

from typing import Any

from pyramid.csrf import BadCSRFToken
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.view import view_config

from demoapp.i18n import COOKIE, LOCALES, _
from demoapp.sessions.interfaces import ISessionStore
from demoapp.settings import teaches
from demoapp.shop.flash import tell
from demoapp.shop.forms import STALE, LoginForm, PasswordForm, RegisterForm, is_stale, local, one
from demoapp.shop.models import User
from demoapp.shop.saved import keep, restore
from demoapp.shop.security import (
    HASHER,
    begin,
    end,
    end_everywhere,
    ended_by,
    named,
    sessions_of,
    verify,
)


def refused(request: Any, error: str | None) -> str | None:
    request.response.status_int = 400
    return request.localizer.translate(error) if error else None


def too_many(request: Any, seconds: int) -> str:
    """The attempt is refused unseen (ASVS 6.3.1); what the page is to say."""
    request.response.status_int = 429
    request.response.headers["Retry-After"] = str(seconds)
    told = _(
        "Too many attempts. Please try again in ${minutes} min.",
        mapping={"minutes": -(-seconds // 60)},
    )
    return str(request.localizer.translate(told))


@view_config(route_name="login", request_method="GET", renderer="demoapp:templates/login.pt")
def login_form(request: Any) -> dict[str, Any]:
    return login_page(request, LoginForm(), request.GET.get("next", ""))


def login_page(request: Any, form: Any, goal: str, error: str | None = None) -> dict[str, Any]:
    demo = teaches(request.registry.settings)
    return {"form": form, "next": local(request, goal), "error": error, "demo": demo}


@view_config(
    route_name="login",
    request_method="POST",
    require_csrf=False,
    renderer="demoapp:templates/login.pt",
)
def login(request: Any) -> Any:
    goal = one(request, "next")
    one(request, "username"), one(request, "password")
    form = LoginForm(request.POST)
    if is_stale(request):
        return login_page(request, form, goal, refused(request, STALE))
    if not form.validate():
        return login_page(request, form, goal, refused(request, None))
    user, error = tried(request, form, _("Username or password is wrong."))
    if user is None:
        return login_page(request, form, goal, error)
    text = _("Welcome, ${name}.")
    if welcome(request, user):
        text = _("Welcome, ${name}. The cart you left behind has been added to this one.")
    tell(request, text, name=user.username)
    return HTTPSeeOther(local(request, goal))


def tried(request: Any, form: Any, wrong: str) -> tuple[User | None, str | None]:
    """The user with this name and password; or else what the page is to say."""
    name, password = form.username.data, form.password.data
    attempt = request.registry["throttle"].login(request, name)
    if seconds := attempt.wait():
        return None, too_many(request, seconds)
    user = verify(request, name, password)
    if user is None:
        attempt.failed()
        return None, refused(request, wrong)
    attempt.succeeded()
    return user, None


def welcome(request: Any, user: User) -> bool:
    """Begin the user's session; true if a cart kept at logout is in it now."""
    if request.current_user not in (None, user):
        leave(request)  # the cart and the orders in this session are another user's
    begin(request, user)
    return restore(request, user)


@view_config(route_name="register", request_method="GET", renderer="demoapp:templates/register.pt")
def register_form(request: Any) -> dict[str, Any]:
    return register_page(request, RegisterForm(), request.GET.get("next", ""))


def register_page(request: Any, form: Any, goal: str, error: str | None = None) -> dict[str, Any]:
    return {"form": form, "next": local(request, goal), "error": error}


@view_config(
    route_name="register",
    request_method="POST",
    require_csrf=False,
    renderer="demoapp:templates/register.pt",
)
def register(request: Any) -> Any:
    goal = one(request, "next")
    one(request, "username"), one(request, "password")
    form = RegisterForm(request.POST)
    if is_stale(request):
        return register_page(request, form, goal, refused(request, STALE))
    if not form.validate():
        return register_page(request, form, goal, refused(request, None))
    if seconds := request.registry["throttle"].registration(request).wait():
        return register_page(request, form, goal, too_many(request, seconds))
    user, error = registered(request, form)
    if user is None:
        return register_page(request, form, goal, error)
    welcome(request, user)
    tell(request, _("Welcome, ${name}. Your account is ready."), name=user.username)
    return HTTPSeeOther(local(request, goal))


def registered(request: Any, form: Any) -> tuple[User | None, str | None]:
    """The new user; or, if the form is sent again as its answer was lost, who it has made.

    That is a login, and counted as one, so that nobody guesses passwords here instead.
    """
    name = form.username.data
    if named(request.dbsession, name):
        return tried(request, form, _("That name is taken."))
    user = User(username=name, password_hash=HASHER.hash(form.password.data))
    request.dbsession.add(user)
    request.dbsession.flush()  # of two at once one fails here, and is replayed
    return user, None


def leave(request: Any) -> None:
    """Log out, and keep the cart for the next login."""
    if user := request.current_user:
        keep(request, user)
    end(request)


@view_config(route_name="logout", request_method="POST", require_csrf=False)
def log_out(request: Any) -> Any:
    """In a tab that was left open it may be pressed a second time: then it is done already."""
    if is_stale(request):
        if request.current_user:
            raise BadCSRFToken
        return HTTPSeeOther(request.route_path("catalog"))
    return logout(request)


def logout(request: Any) -> Any:
    user, lines = request.current_user, dict(request.cart.lines)
    leave(request)
    # told by the address: a message in the session would begin a new one, for nobody (S4)
    query = {"goodbye": "cart" if lines else "1"} if user else {}
    return HTTPSeeOther(request.route_path("catalog", _query=query))


def account_page(request: Any, form: Any, error: str | None = None) -> dict[str, Any]:
    mine = getattr(request.session, "handle", None)
    devices = [
        {
            "handle": record.handle,
            "device": record.device,
            "created": record.created,
            "last_seen": record.last_seen,
            "current": record.handle == mine,
        }
        for record in sessions_of(request, request.current_user)
    ]
    why_not = _("With this strategy sessions live only in browsers, so the shop cannot list them.")
    return {
        "devices": devices,
        "listable": request.registry.queryUtility(ISessionStore) is not None,
        "why_not": request.localizer.translate(why_not),
        "form": form,
        "error": error,
    }


def to_login(request: Any) -> Any:
    return HTTPSeeOther(request.route_path("login", _query={"next": request.route_path("account")}))


@view_config(route_name="account", request_method="GET", renderer="demoapp:templates/account.pt")
def account(request: Any) -> Any:
    if request.current_user is None:
        return to_login(request)
    return account_page(request, PasswordForm())


@view_config(route_name="session_revoke", request_method="POST")
def revoke(request: Any) -> Any:
    user = request.current_user
    if user is None:
        return to_login(request)
    if request.matchdict["handle"] == getattr(request.session, "handle", None):
        return logout(request)
    for record in sessions_of(request, user):
        if record.handle == request.matchdict["handle"]:
            request.registry.getUtility(ISessionStore).end(request, record.key)
            tell(request, _("That device has been logged out."))
            return HTTPSeeOther(request.route_path("account"))
    raise HTTPNotFound(_("You have no session by this name."))


def end_others(request: Any, user: User) -> None:
    end_everywhere(request, user, but=getattr(request.session, "handle", None))
    begin(request, user, again=True)


@view_config(route_name="sessions_revoke_others", request_method="POST")
def revoke_others(request: Any) -> Any:
    user = request.current_user
    if user is None:
        return to_login(request)
    end_others(request, user)
    tell(request, _("All your other devices have been logged out."))
    return HTTPSeeOther(request.route_path("account"))


@view_config(route_name="password", request_method="POST", renderer="demoapp:templates/account.pt")
def password(request: Any) -> Any:
    user = request.current_user
    if user is None:
        return to_login(request)
    one(request, "current"), one(request, "new")
    form = PasswordForm(request.POST)
    if not form.validate():
        return account_page(request, form, refused(request, None))
    attempt = request.registry["throttle"].password(request, user.id)
    if seconds := attempt.wait():
        return account_page(request, form, too_many(request, seconds))
    sent_again = ended_by(request, user)  # then the password is the new one already
    if not sent_again and verify(request, user.username, form.current.data) is None:
        wrong = refused(request, _("The current password is wrong."))
        return account_page(request, form, wrong)
    attempt.succeeded()
    user.password_hash = HASHER.hash(form.new.data)
    end_others(request, user)
    tell(request, _("Your password has been changed, and your other devices logged out."))
    return HTTPSeeOther(request.route_path("account"))


@view_config(route_name="locale", request_method="POST")
def locale(request: Any) -> Any:
    chosen, goal = one(request, "locale"), one(request, "next")
    if chosen not in LOCALES:
        return HTTPSeeOther(local(request, ""))
    response = HTTPSeeOther(local(request, goal))
    response.set_cookie(COOKIE, chosen, max_age=31536000, samesite="Lax", httponly=True)
    return response
