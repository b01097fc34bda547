"""Requests under a name that is not ours are refused (ASVS 4.1.3).

The Host header is the visitor's to choose. Whoever believes it may put a stranger's name into a
link, or take a stranger's form for the shop's own: the Origin of a post is compared with it.

    demo.hosts = shop.example.org 127.0.0.1     names without ports; unset: any
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pyramid.events import NewRequest
from pyramid.httpexceptions import HTTPBadRequest

from demoapp.i18n import _
from demoapp.sessions.ini import Ini, SettingsError

PORTS = {"http": "80", "https": "443"}


def place(host: str, scheme: str = "") -> tuple[str, str]:
    """Name and port of a Host header, as a browser means them.

    Capitals are none, the scheme's own port need not be said, and a final dot only says that the
    name is whole.
    """
    name, colon, port = host.lower().rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()):  # the colon is one of [::1]
        name, port = host.lower(), ""
    return name.removesuffix("."), port or PORTS.get(scheme, "")


def is_same_site(request: Any, url: str) -> bool:
    """Whether the page with this address, or Origin, is one of the site that was asked.

    The proxy may have hidden from us that the visitor uses https, but never made it up.
    """
    try:
        scheme, netloc, *_ = urlsplit(url)
    except ValueError:
        return False
    if scheme not in PORTS or (request.scheme == "https" and scheme == "http"):
        return False
    return place(netloc, scheme) == place(request.host, scheme)


def names_in(settings: Mapping[str, Any]) -> list[str]:
    """Those of `demo.hosts`, as a Host header has them: 찻집.kr is written xn--..."""
    names = []
    for listed in re.split(r"[\s,]+", Ini(settings).text("demo.hosts", "")):
        try:
            name = place(listed)[0].encode("idna").decode()
        except UnicodeError:
            name = "?"
        if listed and not re.fullmatch(r"[\w.-]+|\[[0-9a-f:.]+\]", name, re.ASCII):
            raise SettingsError(f"demo.hosts: {listed!r} is not a name, such as shop.example.org")
        names += [name] if listed else []
    return names


def includeme(config: Any) -> None:
    hosts = frozenset(names_in(config.registry.settings))

    def refuse_other_names(event: Any) -> None:
        if place(event.request.host)[0] not in hosts:
            raise HTTPBadRequest(_("This shop does not go by that name."))

    if hosts:
        config.add_subscriber(refuse_other_names, NewRequest)
