"""The visitor's own session: as a page, layer by layer, and as JSON."""

import time
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from pyramid.view import view_config

from demoapp.i18n import when
from demoapp.lessons.inspector.contents import change, contents, deadlines
from demoapp.lessons.inspector.cookie import check, cookie
from demoapp.lessons.inspector.layers import Layer, Subject
from demoapp.lessons.inspector.record import cost, record
from demoapp.lessons.inspector.steps import steps
from demoapp.sessions.interfaces import IServerSession
from demoapp.settings import teaches
from demoapp.shop.page import Page
from demoapp.shop.products import cart_shown


def handle_of(session: Any) -> str | None:
    """The session's public name; of a foreign one, something that stays the same within it."""
    if IServerSession.providedBy(session):
        handle: str | None = session.handle
        return handle
    return None if session.new else sha256(repr(session.created).encode()).hexdigest()[:12]


@view_config(route_name="session_json", request_method="GET", renderer="json")
def session_json(request: Any) -> dict[str, Any]:
    session, limits = request.session, request.registry["session.settings"]
    user, cart = request.current_user, cart_shown(request)
    created = int(session.created)
    until = min(time.time() + limits.idle_timeout, created + limits.absolute_timeout)
    return {
        "strategy": limits.strategy,
        "handle": handle_of(session),
        "new": bool(session.new),
        "created": created,
        "expires": int(getattr(session, "expires", until)),
        "user": user.username if user else None,
        "locale": request.locale_name,
        "cart": {
            **cart,
            "lines": [
                {"sku": line.product.sku, "quantity": line.quantity, "unit_price": line.unit_price}
                for line in cart["lines"]
            ],
        },
        "map": asdict(request.map_state(Page(request))),
    }


@view_config(route_name="session", request_method="GET", renderer="demoapp:templates/session.pt")
def session(request: Any) -> dict[str, Any]:
    """Everybody sees the summary of their own session; the layers are for a shop that teaches."""
    labs = teaches(request.registry.settings)
    of = Subject(request, raw=labs and request.GET.get("raw") == "1")
    if of.session is None:
        request.response.status_int = 503
        request.response.headers["Retry-After"] = "5"
    parts = (cookie, check, contents, change, record, cost) if labs else ()
    return {
        "labs": labs,
        "raw": of.raw,
        "words": of.words["say"],
        "steps": steps(of) if labs else [],
        "notice": notice(of),
        "layers": [summary(of), *(part(of) for part in parts)],
        "now": time.time(),
    }


def notice(of: Subject) -> str | None:
    if of.session is None:
        return of.say("down")
    if not of.session.new:
        return None
    return of.say("gone" if of.cookie else "begin")


def summary(of: Subject) -> Layer:
    layer = of.layer("summary")
    layer.rows.append(of.row("strategy", of.settings.strategy, code=True))
    if of.session is not None and not of.session.new:
        user = of.request.current_user
        layer.rows += [
            of.row("handle", handle_of(of.session) or "–", code=True),
            of.row("user", user.username if user else of.say("guest")),
            of.row("begun", when(of.session.created, of.request.locale_name)),
            *deadlines(of),
        ]
    return layer
