"""The labs: experiments on the visitor's own session, at /labs. Only with `demo.labs = true`.

- bench.py     the engine: buttons, notes, what was observed and what was expected
- notes.py     the cookies in which a lab remembers
- visit.py     a browser played by the shop
- layer.py     the session layer with other settings
- one package a lab, named like its address; elsewhere.py is shared by three
- demoapp/lessons/labs/labs.toml    texts and expected results
"""

import secrets
from typing import Any

from pyramid.events import NewRequest

from demoapp.lessons.labs.redis_down import CUTS, cut
from demoapp.settings import teaches


def includeme(config: Any) -> None:
    settings = config.registry.settings
    if teaches(settings):
        config.registry["labs.instance"] = secrets.token_hex(4)
        if settings["session.strategy"] in CUTS:
            config.add_subscriber(cut, NewRequest)
