"""The living map: one drawing of *this* visitor's session, on every page that knows of one.

- state.py       what it shows, as plain values; /session.json carries them
- drawing.py     the same in words, in the language of the page
- map.toml       those words
- ../../templates/map.pt    the drawing itself

A page that has read the session anyway draws it at no cost: nothing here asks a store.
"""

from functools import partial
from typing import Any

from pyramid.events import BeforeRender

from demoapp.lessons.map.drawing import Drawing
from demoapp.lessons.map.state import State


def map_state(request: Any, page: Any) -> State:
    """A request method, so that the view of /session.json need not import this package."""
    return State.of(request, page)


def drawn(request: Any, page: Any) -> Drawing:
    return Drawing(request.map_state(page), request.locale_name)


def add_map(event: Any) -> None:
    """Templates say `session_map(page)`; without the lessons there is no such name."""
    event["session_map"] = partial(drawn, event["request"])


def includeme(config: Any) -> None:
    config.add_request_method(map_state)
    config.add_subscriber(add_map, BeforeRender)
