"""The visitor's own session, layer by layer, from the cookie to the store; see /session.

- cookie.py      the cookie, and how it was checked
- contents.py    the Python session, and what the last change did
- record.py      what the store keeps, in the words of the store
- journal.py     remembers the last requests of each session
- steps.py       the time machine: those requests, one after the other
- tabs.py        which tab sent each of them
- changes.py     what differs between two states of one
- layers.py      what they are made of: a layer with its rows

Nothing here is of use to a shop that does not teach: with `demo.labs = false` the journal is
not kept and the layers are not shown.
"""

from typing import Any

from demoapp.lessons.inspector.journal import Journal, remember
from demoapp.settings import teaches


def includeme(config: Any) -> None:
    config.registry["inspector.journal"] = Journal()
    if teaches(config.registry.settings):
        config.add_subscriber(remember, "pyramid.events.NewResponse")
