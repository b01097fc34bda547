"""The `session.*` keys that every strategy shares, each checked before the process starts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from demoapp.sessions.ini import Ini, SettingsError

MIN_SECRET = 32
"""Characters a secret needs; 32 random ones carry more than the 128 bits of ASVS 11.2.3."""
CLOCK_SKEW = 60
"""Seconds by which the clocks of two servers may differ; a later stamp is not believed."""


@dataclass(frozen=True)
class SessionSettings:
    """What every strategy shares. Times are seconds, sizes bytes."""

    strategy: str
    secrets: tuple[str, ...]
    cookie_name: str
    cookie_secure: bool | None
    """True, False, or None for auto: Secure when the request is https."""
    idle_timeout: float
    absolute_timeout: float
    touch_interval: float
    max_bytes: int
    wait_timeout: float
    """How long a request waits for others of the same session, at most."""
    migrate_from: str | None
    """The strategy that was used before, whose sessions are still read."""

    @classmethod
    def read(cls, settings: Mapping[str, object], strategies: Iterable[str]) -> "SessionSettings":
        """Read and check `session.*`; raises :class:`SettingsError`."""
        strategies = tuple(strategies)
        _refuse_unknown(settings)
        ini = Ini(settings)
        result = cls(
            strategy=ini.choice("session.strategy", strategies),
            secrets=_secrets(ini),
            cookie_name=ini.text("session.cookie_name", "session"),
            cookie_secure={"true": True, "false": False, "auto": None}[
                ini.choice("session.cookie_secure", ("auto", "true", "false"), "auto")
            ],
            idle_timeout=ini.seconds("session.idle_timeout", 1200, minimum=1),
            absolute_timeout=ini.seconds("session.absolute_timeout", 43200, minimum=1),
            touch_interval=ini.seconds("session.touch_interval", 60),
            max_bytes=ini.count("session.max_bytes", 65536, minimum=256),
            wait_timeout=ini.seconds("session.wait_timeout", 20, minimum=1),
            migrate_from=ini.choice("session.migrate_from", (*strategies, ""), "") or None,
        )
        result._check()
        return result

    def in_time(self, now: float, created: float, last_seen: float) -> bool:
        """Whether a session with these stamps goes on (ASVS 7.3.1, 7.3.2)."""
        return (
            -CLOCK_SKEW <= now - created < self.absolute_timeout
            and -CLOCK_SKEW <= now - last_seen < self.idle_timeout
        )

    def _check(self) -> None:
        # a prefix says what a cookie over http is not: no browser would keep it
        if not re.fullmatch(r"(?!__(?i:host|secure)-)[A-Za-z0-9_-]{1,64}", self.cookie_name):
            raise SettingsError(
                f"session.cookie_name = {self.cookie_name!r} may hold letters, digits, - and _ "
                "only, and neither __Host- nor __Secure- in front: the first comes with Secure"
            )
        if self.migrate_from == self.strategy:
            raise SettingsError(
                f"session.migrate_from = {self.migrate_from!r} is the strategy in use; "
                "name the one that was used before, or remove the line"
            )
        if self.idle_timeout > self.absolute_timeout:
            raise SettingsError(
                f"session.idle_timeout = {self.idle_timeout:g} is longer than "
                f"session.absolute_timeout = {self.absolute_timeout:g}"
            )
        if self.touch_interval and self.touch_interval >= self.idle_timeout:
            raise SettingsError(
                f"session.touch_interval = {self.touch_interval:g} must be shorter than "
                f"session.idle_timeout = {self.idle_timeout:g}, or a busy visitor is logged out"
            )


_NAMES = (
    *("strategy", "secret", "cookie_name", "cookie_secure", "idle_timeout", "absolute_timeout"),
    *("touch_interval", "max_bytes", "wait_timeout", "migrate_from"),
    *("memory.max_sessions", "redis.url", "redis.timeout", "custom.factory"),
)
KEYS = frozenset(f"session.{name}" for name in _NAMES)
"""All there are; an unknown one is most often a typing error, so start-up stops."""


def _refuse_unknown(settings: Mapping[str, object]) -> None:
    unknown = sorted(key for key in settings if key.startswith("session.") and key not in KEYS)
    if unknown:
        raise SettingsError(
            f"{unknown[0]} is not a known setting; "
            f"the session.* keys are: {', '.join(sorted(KEYS))}"
        )


def _secrets(ini: Ini) -> tuple[str, ...]:
    secrets = tuple(ini.text("session.secret").split())
    for secret in secrets:
        if len(secret) < MIN_SECRET:
            # the secret itself stays out of the message, and so out of the log
            raise SettingsError(
                f"session.secret has {len(secret)} characters, it needs at least {MIN_SECRET}; "
                "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
    return secrets
