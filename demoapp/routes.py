"""Every URL there is. Only the files below /static are elsewhere: in demoapp/assets.py."""

from collections.abc import Mapping
from typing import Any

FRONT = {
    "healthz": "/healthz",
    "readyz": "/readyz",
    "metrics": "/metrics",
}
SHOP = {
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
}
LESSONS = {
    "session": "/session",
    "session_json": "/session.json",
    "strategies": "/strategies",
    "strategy": "/strategies/{name}",
    "labs": "/labs",
    "lab": "/labs/{name}",
    "lab_file": "/labs/{name}/{file}",
    "stage": "/stage",
    "stage_shop": "/stage/{shop}{rest:(/.*)?}",
    "start_over": "/start-over",
    "docs": "/docs",
    "doc": "/docs/{page}",
    "doc_picture": "/docs/img/{name}",
}
"""Added by demoapp.lessons, so that they go when it goes."""


def add_routes(config: Any, routes: Mapping[str, str]) -> None:
    for name, pattern in routes.items():
        config.add_route(name, pattern)


def includeme(config: Any) -> None:
    add_routes(config, FRONT)
    add_routes(config, SHOP)
