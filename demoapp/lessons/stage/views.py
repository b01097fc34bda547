"""The page at /: four carts next to each other, and one click for all of them."""

from typing import Any

from pyramid.httpexceptions import HTTPBadRequest, HTTPException, HTTPSeeOther
from pyramid.view import exception_view_config, view_config

from demoapp.i18n import _
from demoapp.lessons.stage.columns import (
    ACTIONS,
    COOKIE,
    Click,
    column,
    keep_clicks,
    kept_clicks,
    teas,
)
from demoapp.lessons.stage.errand import Answer, Errand
from demoapp.shop.accounts import DEMO_PASSWORD
from demoapp.shop.forms import one

TEMPLATE = "demoapp:templates/side_by_side.pt"
OFFERED = 5
"""Teas to choose from: the first shelf's."""


def page(request: Any, problem: Any = None) -> dict[str, Any]:
    errand = Errand(request)
    action, clicks = kept_clicks(request)
    columns = [
        column(request, errand, shop, clicks.get(shop)) for shop in request.registry["shops"]
    ]
    response = request.response
    errand.pass_on(response)
    if action:
        COOKIE.write(request, response, "")
    response.headers["Cache-Control"] = "no-store"
    slowest = max((click.ms for click in clicks.values()), default=0)
    return {
        "columns": columns,
        "action": action,
        "slowest": slowest or 1,
        "teas": list(teas(request.locale_name).items())[:OFFERED],
        "problem": request.localizer.translate(problem) if problem else None,
    }


@view_config(route_name="side_by_side", request_method="GET", renderer=TEMPLATE)
def show(request: Any) -> dict[str, Any]:
    return page(request)


@view_config(route_name="side_by_side", request_method="POST")
def click(request: Any) -> Any:
    """Send the click to all, one after the other, so that they do not wait for each other."""
    action, sku = one(request, "action"), one(request, "sku")
    if action not in ACTIONS:
        raise HTTPBadRequest(_("The request could not be understood. Go back and try again."))
    errand = Errand(request)
    clicks = {shop: Click.of(act(errand, shop, action, sku)) for shop in request.registry["shops"]}
    response = HTTPSeeOther(request.route_path("side_by_side"))
    errand.pass_on(response)
    keep_clicks(request, response, action, clicks)
    response.headers["Cache-Control"] = "no-store"
    return response


def act(errand: Errand, shop: str, action: str, sku: str) -> Answer:
    match action:
        case "add":
            return errand.post(shop, "/cart/items", sku=sku)
        case "clear":
            return errand.post(shop, "/cart/clear")
        case "logout":
            return errand.post(shop, "/logout")
    return log_in(errand, shop)


def log_in(errand: Errand, shop: str) -> Answer:
    """As a user of this shop alone, who registers with the first click.

    Not the same in all: `custom` ends a session by ending all of its user's, and a cart kept at
    logout goes to whichever shop that user comes to first.
    """
    account = {"username": f"side-{shop}", "password": DEMO_PASSWORD}
    answer = errand.post(shop, "/login", **account)
    return answer if answer.status != 400 else errand.post(shop, "/register", **account)


@exception_view_config(HTTPException, renderer=TEMPLATE)
def refused(error: Any, request: Any) -> Any:
    """The page itself with a word on what was wrong; no other page is here to go to."""
    if error.code < 400:
        return error
    request.response.status_int = error.code
    told = error.detail or _("The request could not be understood. Go back and try again.")
    if error.code == 404:
        told = _("There is nothing at this address.")
    return page(request, told)
