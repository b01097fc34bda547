"""In and out: log in, register, log out."""

from collections.abc import Callable
from typing import Any

from pyramid.csrf import BadCSRFToken
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config

from demoapp.i18n import _
from demoapp.settings import teaches
from demoapp.shop.flash import tell
from demoapp.shop.forms import (
    STALE,
    LoginForm,
    RegisterForm,
    is_stale,
    local,
    one,
    refused,
    too_many,
)
from demoapp.shop.models import User
from demoapp.shop.saved import keep, restore
from demoapp.shop.security import HASHER, begin, end, named, verify

LOGIN = "demoapp:templates/login.pt"
REGISTER = "demoapp:templates/register.pt"
Known = tuple[User | None, str | None]
"""Who comes in, and the welcome; or nobody, and why not."""


@view_config(route_name="login", request_method="GET", renderer=LOGIN)
def login_form(request: Any) -> dict[str, Any]:
    return page(request, LoginForm(), request.GET.get("next", ""))


@view_config(route_name="register", request_method="GET", renderer=REGISTER)
def register_form(request: Any) -> dict[str, Any]:
    return page(request, RegisterForm(), request.GET.get("next", ""))


def page(request: Any, form: Any, goal: str, error: str | None = None) -> dict[str, Any]:
    demo = teaches(request.registry.settings)
    return {"form": form, "next": local(request, goal), "error": error, "demo": demo}


@view_config(route_name="login", request_method="POST", require_csrf=False, renderer=LOGIN)
def login(request: Any) -> Any:
    return enter(request, LoginForm, known)


@view_config(route_name="register", request_method="POST", require_csrf=False, renderer=REGISTER)
def register(request: Any) -> Any:
    return enter(request, RegisterForm, registered)


def enter(request: Any, form_of: Any, who: Callable[[Any, Any], Known]) -> Any:
    """Let in `who` the form is from, or give it back with what is wrong."""
    goal = one(request, "next")
    one(request, "username"), one(request, "password")
    form = form_of(request.POST)
    if is_stale(request):
        return page(request, form, goal, refused(request, STALE))
    if not form.validate():
        return page(request, form, goal, refused(request, None))
    user, told = who(request, form)
    if user is None:
        return page(request, form, goal, told)
    if welcome(request, user):
        told = _("Welcome, ${name}. The cart you left behind has been added to this one.")
    tell(request, told, name=user.username)
    return HTTPSeeOther(local(request, goal))


def known(request: Any, form: Any, wrong: str = _("Username or password is wrong.")) -> Known:
    """Who has this name and password. An attempt is counted, and too many are not looked at."""
    name, password = form.username.data, form.password.data
    attempt = request.registry["throttle"].login(request, name)
    if seconds := attempt.wait():
        return None, too_many(request, seconds)
    user = verify(request, name, password)
    if user is None:
        attempt.failed()
        return None, refused(request, wrong)
    attempt.succeeded()
    return user, _("Welcome, ${name}.")


def registered(request: Any, form: Any) -> Known:
    """The new user; or, if the form is sent again as its answer was lost, who it has made.

    That is a login, and counted as one, so that nobody guesses passwords here instead.
    """
    if seconds := request.registry["throttle"].registration(request).wait():
        return None, too_many(request, seconds)
    name = form.username.data
    if named(request.dbsession, name):
        return known(request, form, _("That name is taken."))
    user = User(username=name, password_hash=HASHER.hash(form.password.data))
    request.dbsession.add(user)
    request.dbsession.flush()  # of two at once one fails here, and is replayed
    return user, _("Welcome, ${name}. Your account is ready.")


def welcome(request: Any, user: User) -> bool:
    """Begin the user's session; true if a cart kept at logout is in it now."""
    if request.current_user not in (None, user):
        leave(request)  # the cart and the orders in this session are another user's
    begin(request, user)
    return restore(request, user)


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


def leave(request: Any) -> None:
    """Log out, and keep the cart for the next login."""
    if user := request.current_user:
        keep(request, user)
    end(request)
