"""The choice of a language, kept in a cookie."""

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config

from demoapp.i18n import COOKIE, LOCALES
from demoapp.shop.forms import local, one


@view_config(route_name="locale", request_method="POST")
def locale(request: Any) -> Any:
    chosen, goal = one(request, "locale"), one(request, "next")
    if chosen not in LOCALES:
        return HTTPSeeOther(local(request, ""))
    response = HTTPSeeOther(local(request, goal))
    response.set_cookie(COOKIE, chosen, max_age=31536000, samesite="Lax", httponly=True)
    return response
