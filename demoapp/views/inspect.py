"""The visitor's own session as JSON."""

import time
from hashlib import sha256
from typing import Any

from pyramid.view import view_config

from demoapp.page import lines_of
from demoapp.sessions.interfaces import IServerSession


def handle_of(session: Any) -> str | None:
    """The session's public name; of a foreign one, something that stays the same within it."""
    if IServerSession.providedBy(session):
        handle: str | None = session.handle
        return handle
    return None if session.new else sha256(repr(session.created).encode()).hexdigest()[:12]


@view_config(route_name="session_json", request_method="GET", renderer="json")
def session_json(request: Any) -> dict[str, Any]:
    session, limits = request.session, request.registry["session.settings"]
    user, cart = request.current_user, request.cart
    lines = list(lines_of(request, cart))
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
            "id": cart.id,
            "lines": [
                {"sku": line.product.sku, "quantity": line.quantity, "unit_price": line.unit_price}
                for line in lines
            ],
            "quantity": sum(line.quantity for line in lines),
            "total": sum(line.subtotal for line in lines),
        },
    }
