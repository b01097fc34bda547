"""The page at /stage, what its buttons do, and the way to the shops below it."""

import math
import re
import secrets
import time
from typing import Any

from pyramid.httpexceptions import HTTPBadRequest, HTTPNotFound, HTTPSeeOther
from pyramid.view import view_config

from demoapp.front.csrf import SAFE
from demoapp.i18n import _
from demoapp.lessons.content import content
from demoapp.lessons.stage.acts import ACTS, come_back
from demoapp.lessons.stage.columns import column, teas
from demoapp.lessons.stage.errand import answer_of, below, home
from demoapp.lessons.stage.house import Guest, House, Stage
from demoapp.lessons.stage.play import Play
from demoapp.sessions.cookie import SessionCookie
from demoapp.shop.forms import one

COOKIE = SessionCookie("stage", secure=None)
"""Whose stage it is."""
KEY = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
OFFERED = 5
"""Teas to choose from: the first shelf's."""


def key_of(request: Any) -> str | None:
    """What the visitor shows, if it can be a key."""
    key = COOKIE.read(request) or ""
    return key if KEY.fullmatch(key) else None


def stage_of(request: Any) -> Stage:
    """The visitor's. Who has no key yet is led to where there is one."""
    if not (key := key_of(request)):
        raise HTTPSeeOther(request.route_path("stage"))
    house: House = request.registry["house"]
    return house.seen(key) if request.method in SAFE else house.stage(key)


@view_config(route_name="stage", request_method="GET", renderer="demoapp:templates/stage.pt")
def show(request: Any) -> dict[str, Any]:
    """Shows the sessions of the four shops, and does not read that of the shop around them."""
    response = request.response
    if not (key := key_of(request)):
        key = secrets.token_urlsafe(16)
        COOKIE.write(request, response, key)
    stage = request.registry["house"].seen(key)
    play = Play(request, stage)
    if stage.guest:
        await_guest(play, stage.guest)
    columns = [column(play, shop) for shop in stage.house.settings]
    play.errand.pass_on(response)
    response.headers["Cache-Control"] = "no-store"
    words = content("stage", request.locale_name)
    acts = {name: act for name, act in words["act"].items() if name != hidden(stage)}
    return {
        "say": words["say"],
        "groups": [
            (group, [(n, act["button"]) for n, act in acts.items() if act["group"] == name])
            for name, group in words["group"].items()
        ],
        "told": stage.played and words["act"][stage.played[0]]["told"],
        "columns": columns,
        "teas": list(teas(request.locale_name).items())[:OFFERED],
        "sku": stage.sku,
    }


def await_guest(play: Play, guest: Guest) -> None:
    """Finish the act `wait`, or ask the browser to come again when it is time."""
    request, left = play.request, guest.back - time.monotonic()
    if left > 0:
        # not the address of this page: to go on to its own #told loads nothing
        again = request.route_path("stage", _query={"after": int(guest.back)}, _anchor="told")
        request.response.headers["Refresh"] = f"{math.ceil(left)}; url={again}"
        return
    play.stage.played = ("wait", come_back(play, guest))
    play.stage.guest = None


def hidden(stage: Stage) -> str:
    """The act that makes no sense now."""
    return "cut" if stage.cut else "mend"


@view_config(route_name="stage", request_method="POST")
def act(request: Any) -> Any:
    action, sku = one(request, "action"), one(request, "sku")
    if action not in ACTS:
        raise HTTPBadRequest(_("The request could not be understood. Go back and try again."))
    response = HTTPSeeOther(request.route_path("stage", _anchor="told"))
    stage = stage_of(request)
    play = Play(request, stage, sku)
    with stage.turn:
        stage.guest = None
        stage.played, stage.sku = (action, ACTS[action](play)), sku
    play.errand.pass_on(response)
    response.headers["Cache-Control"] = "no-store"
    return response


@view_config(route_name="stage_shop", require_csrf=False)
def shop(request: Any) -> Any:
    """A shop below its path. It is a whole application, which asks for the token itself."""
    stage, name = stage_of(request), request.matchdict["shop"]
    if name not in stage.house.settings:
        raise HTTPNotFound(_("There is nothing at this address."))
    path = request.environ["PATH_INFO"].removeprefix(home(request, name))
    ask = below(request, name, path)
    ask.body = request.body
    return answer_of(stage.shop(name), ask)
