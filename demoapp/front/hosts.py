"""Requests under a name that is not ours are refused (ASVS 4.1.3).

The Host header is the visitor's to choose. Whoever believes it may put a stranger's name into a
link, or take a stranger's form for the shop's own: the Origin of a post is compared with it.

    demo.hosts = shop.example.org 127.0.0.1     names without ports; unset: any
"""

import re
from typing import Any

from pyramid.events import NewRequest
from pyramid.httpexceptions import HTTPBadRequest

from demoapp.i18n import _
from demoapp.sessions.ini import Ini


def includeme(config: Any) -> None:
    hosts = frozenset(Ini(config.registry.settings).text("demo.hosts", "").lower().split())

    def refuse_other_names(event: Any) -> None:
        if re.sub(r":\d+$", "", event.request.host.lower()) not in hosts:
            raise HTTPBadRequest(_("This shop does not go by that name."))

    if hosts:
        config.add_subscriber(refuse_other_names, NewRequest)
