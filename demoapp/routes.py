"""Every URL of the shop."""

from typing import Any


def includeme(config: Any) -> None:
    for name, pattern in {
        "catalog": "/",
        "product": "/products/{sku}",
        "cart": "/cart",
        "cart_items": "/cart/items",
        "cart_item": "/cart/items/{sku}",
        "cart_clear": "/cart/clear",
        "register": "/register",
        "login": "/login",
        "logout": "/logout",
        "checkout": "/checkout",
        "orders": "/orders",
        "order": "/orders/{number}",
        "account": "/account/sessions",
        "sessions_revoke_others": "/account/sessions/revoke-others",
        "session_revoke": "/account/sessions/{handle}/revoke",
        "password": "/account/password",
        "locale": "/locale",
        "session_json": "/session.json",
        "healthz": "/healthz",
        "readyz": "/readyz",
    }.items():
        config.add_route(name, pattern)
    # pages the layout links to; their views come with the teaching half
    for name, pattern in {
        "session": "/session",
        "strategies": "/strategies",
        "strategy": "/strategies/{name}",
        "labs": "/labs",
        "lab": "/labs/{name}",
    }.items():
        config.add_route(name, pattern)
