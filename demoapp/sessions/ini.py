"""From ini strings to typed values. Every wrong one ends in one :class:`SettingsError`, which names
the key, what it was set to and what would be allowed.
"""

import re
from collections.abc import Iterable, Mapping

from pyramid.settings import falsey, truthy


class SettingsError(ValueError):
    """A setting is missing or wrong; the message is one line for who wrote it."""


class Ini:
    """Reads typed values out of a settings mapping; the section's way to say what is wrong."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._settings = settings

    def text(self, key: str, default: str | None = None) -> str:
        """A string without surrounding blanks; without a default, the key is required."""
        value = str(self._settings.get(key, "") or "").strip()
        if value:
            return value
        if default is None:
            raise SettingsError(f"{key} is not set")
        return default

    def choice(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """One of the allowed words."""
        value = self.text(key, default)
        if value not in (words := list(allowed)):
            raise SettingsError(f"{key} = {value!r} is not one of: {', '.join(words)}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """A boolean; ini values are strings, so `false` must not count as true."""
        value = self.text(key, str(default)).lower()
        if value not in truthy and value not in falsey:
            raise SettingsError(f"{key} = {value!r} is not one of: true, false")
        return value in truthy

    def seconds(self, key: str, default: float, minimum: float = 0) -> float:
        """A number of seconds, fractions allowed."""
        return self._number(key, default, minimum, "seconds")

    def count(self, key: str, default: int, minimum: int = 1) -> int:
        """A whole number."""
        return int(self._number(key, default, minimum, ""))

    def _number(self, key: str, default: float, minimum: float, unit: str) -> float:
        value = self.text(key, str(default))
        # isascii: float() also reads full-width digits, `nan` and `1_000`
        pattern = r"[0-9]{1,10}(\.[0-9]{1,6})?" if unit else r"[0-9]{1,10}"
        if not re.fullmatch(pattern, value) or float(value) < minimum:
            what = "a number" if unit else "a whole number"
            raise SettingsError(
                f"{key} = {value!r} is not {what} of at least {minimum:g} {unit}".rstrip()
            )
        return float(value)
