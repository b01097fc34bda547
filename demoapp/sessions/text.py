"""The data of a session as text: JSON, never pickle (ASVS 1.5.2), whatever the strategy."""

import json
from typing import Any

from demoapp.sessions.interfaces import CorruptRecord, SessionNotSerializable


def write(data: Any) -> str:
    """Characters as they are, so that Hangul takes three bytes and not six."""
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: legal in Python, not in UTF-8
        return json.dumps(data, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as err:
        raise SessionNotSerializable(f"the session holds what JSON cannot: {err}") from err
    return text


def read(text: str) -> dict[str, Any]:
    """Raises CorruptRecord for what `write` has not written."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise CorruptRecord("its data is not JSON") from err
    if not isinstance(data, dict):
        raise CorruptRecord("its data is not a JSON object")
    return data
