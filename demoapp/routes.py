"""Every URL of the shop; those of the lessons are in demoapp/lessons/__init__.py."""

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
        "healthz": "/healthz",
        "readyz": "/readyz",
        "metrics": "/metrics",
    }.items():
        config.add_route(name, pattern)
