"""The Python session: its keys and values, its limits, and what the last change did."""

import time
from collections.abc import Iterator

from demoapp.lessons.inspector.changes import SECRETS, text_of
from demoapp.lessons.inspector.journal import last_change
from demoapp.lessons.inspector.layers import Layer, Row, Subject


def contents(of: Subject) -> Layer:
    layer = of.layer("session")
    session = of.session
    if session is None:
        layer.intro.append(of.say("down"))
        return layer
    keys = list(session.keys())
    if not keys:
        layer.intro.append(of.say("empty"))
    kind = type(session)
    layer.rows += [
        of.row("kind", f"{kind.__module__}.{kind.__qualname__}", code=True),
        of.row("new", bool(session.new), code=True),
        of.row("created", session.created, code=True),
    ]
    for key in keys:
        value = of.mask(str(session[key])) if key in SECRETS else text_of(session[key])
        layer.rows.append(Row(f'session["{key}"]', value, code=True))
    return layer


def deadlines(of: Subject) -> Iterator[Row]:
    """When both limits end, of a session that is there; nothing for a factory that is not ours."""
    if of.foreign:
        return
    now = time.time()
    absolute = of.session.created + of.settings.absolute_timeout
    idle = min(now + of.settings.idle_timeout, absolute)
    for label, end in (("idle", idle), ("absolute", absolute)):
        row = of.row(label, duration(end - now))
        row.deadline = end
        yield row


def duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def change(of: Subject) -> Layer:
    """The last change that this process has seen: which request, and each value that differs."""
    layer = of.layer("change")
    entry = last_change(of)
    if entry is None:
        layer.intro.append(of.say("no_change"))
        return layer
    layer.rows.append(of.row("request", entry.request, code=True))
    layer.changes = list(entry.news)
    return layer
