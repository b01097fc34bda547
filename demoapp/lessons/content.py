"""What the teaching pages say: TOML files with English and Korean side by side."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from demoapp.i18n import LOCALES

HERE = Path(__file__).resolve().parent


def content(name: str, locale: str) -> dict[str, Any]:
    """`{name}/{name}.toml` in one language."""
    return texts(HERE / name / f"{name}.toml", locale)


@cache
def texts(file: Path, locale: str) -> dict[str, Any]:
    """A file in one language. Shared by all requests: read it, don't change it."""
    both: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {key: in_language(value, locale) for key, value in both.items()}


def in_language(value: Any, locale: str) -> Any:
    """`{en, ko}` becomes the text in `locale`; with other keys beside them, it becomes `text`."""
    if isinstance(value, list):
        return [in_language(item, locale) for item in value]
    if not isinstance(value, dict):
        return value
    rest = {key: in_language(v, locale) for key, v in value.items() if key not in LOCALES}
    if "en" not in value:
        return rest
    return {**rest, "text": value[locale]} if rest else value[locale]
