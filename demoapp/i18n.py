"""English and Korean: the visitor's choice is a cookie, else the browser's wish counts."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from pyramid.i18n import TranslationStringFactory

LOCALES = ("en", "ko")
COOKIE = "locale"
ZONES = {"en": UTC, "ko": timezone(timedelta(hours=9), "KST")}
"""The zone of times on a page without JavaScript; with it, they are in the visitor's own."""
_ = TranslationStringFactory("demoapp")


def negotiate(request: Any) -> str:
    """The locale of an answer; a cookie or header that makes no sense counts as none."""
    chosen: str | None = request.cookies.get(COOKIE)
    if chosen in LOCALES:
        return str(chosen)
    return str(request.accept_language.lookup(LOCALES, default="en"))


def won(amount: int, locale: str) -> str:
    return f"{amount:,}원" if locale == "ko" else f"₩{amount:,}"


def when(seconds: float, locale: str) -> str:
    moment = datetime.fromtimestamp(seconds, ZONES[locale])
    return moment.strftime("%Y년 %-m월 %-d일 %H:%M %Z" if locale == "ko" else "%-d %B %Y, %H:%M %Z")


def includeme(config: Any) -> None:
    config.set_locale_negotiator(negotiate)
    config.add_translation_dirs("demoapp:locale")
