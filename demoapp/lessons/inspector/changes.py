"""What differs between two states of a session's data: each value with the way that leads to it."""

import json
from collections.abc import Iterator
from typing import Any

SECRETS = frozenset(("_csrft_",))
"""Keys whose values are not shown."""
LONGEST, MOST = 120, 20
"""Characters of a value, and values of a change, that are kept."""
Values = tuple[tuple[str, str | None, str | None], ...]
"""What, before, after; None where there was nothing."""


def text_of(value: Any) -> str:
    # a foreign session may hold what JSON cannot
    return json.dumps(value, ensure_ascii=False, default=repr)


def changes(before: str, after: str) -> Values:
    """Between two texts of JSON."""
    if before == after:
        return ()
    old, new = (dict(_leaves(json.loads(text))) for text in (before, after))
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return tuple((short(name), _in(old, name), _in(new, name)) for name in names[:MOST])


def _in(values: dict[str, str], name: str) -> str | None:
    return short(values[name]) if name in values else None


def news_of(values: Values) -> Values:
    """The values without messages: that one was shown once is no news."""
    return tuple(value for value in values if not value[0].startswith('session["_f_'))


def _leaves(value: Any, name: str = "session") -> Iterator[tuple[str, str]]:
    """Every value in a nested dict, with the expression that leads to it."""
    if isinstance(value, dict) and (value or name == "session"):
        for key, inner in value.items():
            yield from _leaves(inner, f'{name}["{key}"]')
    elif not any(name.endswith(f'["{secret}"]') for secret in SECRETS):
        yield name, text_of(value)


def short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
