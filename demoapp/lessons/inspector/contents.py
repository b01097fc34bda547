"""The Python session: its keys and values, its limits, and what the last change did."""

import json
import time
from collections.abc import Iterator
from typing import Any

from demoapp.lessons.inspector.journal import last_change, without_flashes
from demoapp.lessons.inspector.layers import Layer, Row, Subject

SECRETS = frozenset(("_csrft_",))
"""Keys whose values are masked."""


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
        value = of.mask(str(session[key])) if key in SECRETS else _text(session[key])
        layer.rows.append(Row(f'session["{key}"]', value, code=True))
    return layer


def deadlines(of: Subject) -> Iterator[Row]:
    """Both limits; of a session that there is, and that is ours to know of."""
    if of.foreign or of.session is None or of.session.new:
        return
    now = time.time()
    absolute = of.session.created + of.settings.absolute_timeout
    idle = min(now + of.settings.idle_timeout, absolute)
    for label, end in (("idle", idle), ("absolute", absolute)):
        row = of.row(label, _duration(end - now))
        row.deadline = end
        yield row


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _text(value: Any) -> str:
    # a foreign session may hold what JSON cannot
    return json.dumps(value, ensure_ascii=False, default=repr)


def change(of: Subject) -> Layer:
    """The last change that this process has seen: which request, and each value that differs."""
    layer = of.layer("change")
    entry = last_change(of)
    if entry is None:
        layer.intro.append(of.say("no_change"))
        return layer
    layer.rows.append(of.row("request", entry.request, code=True))
    before, after = (dict(_leaves(without_flashes(text))) for text in (entry.before, entry.after))
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    layer.changes = [(name, before.get(name), after.get(name)) for name in names]
    return layer


def _leaves(value: Any, name: str = "session") -> Iterator[tuple[str, str]]:
    """Every value in a nested dict, with the expression that leads to it."""
    if isinstance(value, dict) and (value or name == "session"):
        for key, inner in value.items():
            yield from _leaves(inner, f'{name}["{key}"]')
    elif not any(name.endswith(f'["{secret}"]') for secret in SECRETS):
        yield name, _text(value)
