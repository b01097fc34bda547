"""The labs: experiments on the visitor's own session, at /labs. Only with `demo.labs = true`.

A lab is one folder, named like its address with `_` for `-`. Who adds a folder adds a lab:

- lab.toml       texts in English and Korean, and facts:
    order            its place in the list
    title            a question that does not tell; `why` answers it in a sentence, `more` goes on
    takes, needs     how long it takes; of terminal, login, tabs and window what it needs
    expected         the outcome that is right for each strategy (several: any of them)
    our_cookie       true if it must know the session cookie, which a foreign factory keeps
    steps            what to do; a step `does` actions, and has their buttons; a `command` is typed
                     in a terminal, with this shop's own {host}, {other_port}, {strategy} and
                     {other_strategy}; a `link` leads to the login
    outcome, action, label  what was observed, the buttons, and the figures, by name
    rests_on         tests that bear its claim out
- picture.svg    96 x 96, drawn in a <g id="picture">
- __init__.py    what it does:
    ACTIONS          what a button does, by name; each takes the bench
    NEXT             the buttons offered after an action, by its name; "" before the first
    RAN              the functions that the page quotes, by strategy: who reads them knows why
    observe(bench)   an Observation once there is something to see, else None

Some need more, and only then have it:

- page.pt        a template that fills slots of templates/lab.pt
- __init__.py
    INNER            like ACTIONS, but for no button: what a Visit asks for
    expected(bench)  the outcomes that are right just now, or None for what lab.toml says
    includeme(config)  what is not done on its own page: a subscriber, an exception view

What they share:

- lab.py         finds the folders
- views.py       the list, and the page of a lab
- bench.py       the engine: buttons, notes, what was observed and what was expected
- steps.py       which of the steps is done, which comes now, and its buttons
- notes.py       the cookies in which a lab remembers, and that in which all do
- crowd.py       how many may wait at once
- visit.py       a browser played by the shop
- layer.py       the session layer with other settings
- elsewhere.py   a mark made here, looked for from another process or strategy
"""

import secrets
from typing import Any

from demoapp.lessons.labs.lab import found
from demoapp.settings import teaches


def includeme(config: Any) -> None:
    config.registry["labs.instance"] = secrets.token_hex(4)
    config.registry["labs"] = labs = found(__path__) if teaches(config.registry.settings) else {}
    for lab in labs.values():
        if hasattr(lab.module, "includeme"):
            config.include(lab.module)
