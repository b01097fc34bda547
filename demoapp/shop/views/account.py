"""The page of an account: its sessions, and its password."""

from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.view import view_config

from demoapp.i18n import _
from demoapp.sessions.interfaces import ISessionStore
from demoapp.shop.flash import tell
from demoapp.shop.forms import PasswordForm, one, refused, too_many
from demoapp.shop.models import User
from demoapp.shop.security import (
    HASHER,
    begin,
    end_everywhere,
    ended_by,
    sessions_of,
    verify,
)
from demoapp.shop.views.login import logout


def account_page(request: Any, form: Any, error: str | None = None) -> dict[str, Any]:
    return {
        "devices": sessions_of(request, request.current_user),
        "mine": getattr(request.session, "handle", None),
        "listable": request.registry.queryUtility(ISessionStore) is not None,
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
