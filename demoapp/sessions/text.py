"""The data of a session as text: JSON, never pickle (ASVS 1.5.2), whatever the strategy."""

import json
import math
from typing import Any

from demoapp.sessions.interfaces import CorruptRecord, SessionNotSerializable


def write(data: dict[str, Any], known: str | None = None) -> str:
    """The text, if it will be read as what `data` is. A tuple becomes a list, as ever in JSON.

    `known` is a text that was found right before. Raises SessionNotSerializable, which names
    the session's key.
    """
    try:
        text = _dumped(data)
        # JSON writes the key 7 as "7"; whoever reads {7: 1} back has another dict
        if text == known or json.loads(text) == data or _is_kept(data):
            return text
        raise TypeError("keys must be text")
    except (TypeError, ValueError, RecursionError) as err:
        raise SessionNotSerializable(f"session[{_culprit(data)!r}]: {err}") from err


def _dumped(value: Any) -> str:
    """Characters as they are, so that Hangul takes three bytes and not six."""
    text = _plain.encode(value)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: legal in Python, not in UTF-8
        return _escaped.encode(value)
    return text


def _is_kept(value: Any) -> bool:
    """Slower than to compare, and exact: for what has tuples in it."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_kept(inner) for key, inner in value.items())
    return not isinstance(value, list | tuple) or all(map(_is_kept, value))


def _culprit(data: dict[str, Any]) -> object:
    for key, value in data.items():
        try:
            if isinstance(key, str) and _dumped(value) and _is_kept(value):
                continue
        except (TypeError, ValueError, RecursionError):
            pass
        return key
    return "..."


def read(text: str) -> dict[str, Any]:
    """Raises CorruptRecord for what `write` would not have written."""
    try:
        data = _decoder.decode(text)
    except (ValueError, RecursionError) as err:
        raise CorruptRecord("its data is not JSON") from err
    if not isinstance(data, dict):
        raise CorruptRecord("its data is not a JSON object")
    return data


def _finite(digits: str) -> float:
    """JSON knows no infinity, but 1e400 reads as one, and could not be written again."""
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value


_plain, _escaped = (
    json.JSONEncoder(ensure_ascii=escaped, allow_nan=False, separators=(",", ":"))
    for escaped in (False, True)
)
_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)
