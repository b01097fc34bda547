"""Start over: a button that brings this browser back to its first minute, where there are labs.

What belongs to others is not touched. Orders and accounts are in the database, which whoever runs
the shop empties with `demoapp-init --start-over`.
"""

from collections.abc import Iterator
from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther, HTTPTemporaryRedirect
from pyramid.view import view_config

from demoapp.i18n import COOKIE as LOCALE
from demoapp.i18n import _
from demoapp.lessons.labs.notes import Notes, Progress, aside_cookie
from demoapp.lessons.stage.house import INSIDE
from demoapp.lessons.stage.views import COOKIE as STAGE
from demoapp.sessions.cookie import SessionCookie, session_cookie
from demoapp.settings import teaches
from demoapp.shop.security import end


@view_config(route_name="start_over", request_method="POST")
def start_over(request: Any) -> Any:
    settings = request.registry.settings
    if not teaches(settings):
        raise HTTPNotFound(_("There are no labs here."))
    if INSIDE in settings:  # on the stage: the form is for the shop around it
        around = request.script_name.rpartition("/stage/")[0]
        return HTTPTemporaryRedirect(f"{around}/start-over")
    end(request)  # without keeping the cart, as a logout does
    request.add_response_callback(forget)  # after the session's own: an empty one may be sent
    response = HTTPSeeOther(request.route_path("catalog", _query={"goodbye": "all"}))
    if house := request.registry.get("house"):
        house.leave(STAGE.read(request))
    return response


def forget(request: Any, response: Any) -> None:
    """Take the cookies back."""
    for cookie in cookies(request):
        if cookie.read(request):
            response.unset_cookie(cookie.name(request), strict=False)
            cookie.write(request, response, "")
    response.delete_cookie(LOCALE)


def cookies(request: Any) -> Iterator[SessionCookie]:
    """This shop's alone: other programs on this host have cookies, too."""
    secure = request.registry["session.settings"].cookie_secure
    yield session_cookie(request.registry)
    yield SessionCookie(Notes.name, secure)
    yield SessionCookie(Progress.name, secure)
    yield aside_cookie(request)
    if house := request.registry.get("house"):
        yield STAGE
        for settings in house.settings.values():
            yield SessionCookie(settings.get("session.cookie_name", "session"), secure)
