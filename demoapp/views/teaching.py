"""The visitor's own session as a page."""

from typing import Any

from pyramid.view import view_config

from demoapp.i18n import _, when
from demoapp.views.inspect import session_json


@view_config(route_name="session", request_method="GET", renderer="demoapp:templates/session.pt")
def session(request: Any) -> dict[str, Any]:
    facts, locale = session_json(request), request.locale_name
    translate = request.localizer.translate
    rows = [
        (translate(_("Strategy")), facts["strategy"]),
        (translate(_("Public name")), facts["handle"] or "-"),
        (translate(_("Logged in as")), facts["user"] or "-"),
        (translate(_("Begun")), when(facts["created"], locale)),
        (translate(_("Ends at the latest")), when(facts["expires"], locale)),
        (translate(_("Keys")), ", ".join(request.session) or "-"),
    ]
    return {
        "facts": [{"title": translate(_("Your session")), "rows": rows}],
        "lines": facts["cart"]["lines"],
    }
