"""docs/en/settings.md and its Korean twin name every setting that the code asks for, and no other.

What it asks for is found by listening while the shop starts, on each strategy, and answers; and by
reading the source, as some of it is asked for late and seldom.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from inspect import signature
from pathlib import Path
from typing import Any

import pyramid.config.settings
import pytest

from demoapp.front.proxy import behind_proxy
from demoapp.sessions.ini import Ini
from demoapp.sessions.settings import KEYS
from demoapp.settings import DEFAULTS
from tests.shops import STRATEGIES, Visitor

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"en": "required", "ko": "필수"}
OURS = re.compile(r"(session|demo)\.|sqlalchemy\.url$")
REQUIRED = None
READS = {"get", "pop", "setdefault", "text", "choice", "flag", "seconds", "count", "getenv"}
SETTINGS = re.compile(r"(.*\.)?settings|ini|Ini\(.*\)|server")
"""What the source calls the settings that it reads."""


def rows(page: str) -> dict[str, str]:
    """Each setting of a page, and its default."""
    text = (ROOT / "docs" / page / "settings.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `([^`]+)` \|([^|]*)\|", text, re.MULTILINE)
    assert len(found) == len(dict(found))
    return {key: default.strip().strip("`") for key, default in found}


class Listening(dict[str, Any]):
    """Settings that note which of them our code asks for."""

    def __init__(self, settings: dict[str, Any], heard: dict[str, set[str | None]]) -> None:
        super().__init__(settings)
        self._heard = heard

    def get(self, key: str, default: Any = None) -> Any:
        self._note(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def _note(self, key: str) -> None:
        if sys._getframe(2).f_globals["__name__"].startswith("demoapp."):
            self._heard.setdefault(key, set())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str | None]]:
    """Filled while a shop runs: the keys that our code asks for, and the defaults it names."""
    heard: dict[str, set[str | None]] = {}
    text, settings = Ini.text, pyramid.config.settings.Settings

    def told(self: Ini, key: str, default: str | None = REQUIRED) -> str:
        heard.setdefault(key, set()).add(default)
        return text(self, key, default)

    monkeypatch.setattr(Ini, "text", told)
    monkeypatch.setattr(
        pyramid.config.settings, "Settings", lambda given: Listening(settings(given), heard)
    )
    return heard


@pytest.fixture
def run(start_shop: Callable[..., Any]) -> Callable[[], None]:
    """Start the shop as each strategy, as production and as one that moves; use it, and fail."""

    def run() -> None:
        production = {"demo.labs": "false", "demo.hosts": "localhost"}
        moving = {"session.migrate_from": "custom"}
        for strategy in STRATEGIES:
            start_shop(strategy)
        start_shop("redis", **production)
        visitor = Visitor(start_shop("database", **moving))
        visitor.send("/cart/items", sku="ujeon")
        for path in ("/cart", "/session", "/nothing"):
            visitor.get(path)

    return run


def test_every_setting_is_documented_with_its_default(
    asked: dict[str, set[str | None]], run: Callable[[], None]
) -> None:
    run()
    ours = {key: defaults for key, defaults in asked.items() if OURS.match(key)}
    assert {key for key in ours if key.startswith("session.")} == KEYS
    for page, required in PAGES.items():
        documented = rows(page)
        assert {key for key in documented if OURS.match(key)} == ours.keys(), page
        for key, defaults in ours.items():
            (default,) = defaults  # asked for with one default only, wherever
            assert documented[key] == (required if default is REQUIRED else default.lower()), key
        for key in asked.keys() - ours.keys():
            assert any(fnmatch(key, pattern) for pattern in documented), (page, key)
        for key, default in DEFAULTS.items():
            assert documented[key] == default


def read(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What is asked, as the source has it, and the key: `of.get(key)`, `of[key]`, `key in of`."""
    match node:
        case ast.Call(func=ast.Attribute(value=of, attr=how), args=[key, *_]) if how in READS:
            yield ast.unparse(of), key
        case ast.Subscript(value=of, slice=key):
            yield ast.unparse(of), key
        case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[of]):
            yield ast.unparse(of), key


def keys_in(folder: str) -> Iterator[tuple[str, str]]:
    """Every literal key that is asked for, and of what."""
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            for of, key in read(node):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield of, key.value


@pytest.mark.parametrize("page", PAGES)
def test_what_the_source_asks_for_is_documented(page: str) -> None:
    """Late in some view, too, where the shop above does not get to."""
    asked = {key for of, key in keys_in("demoapp") if SETTINGS.fullmatch(of)}
    assert {"session.secret", "demo.labs", "tm.commit_veto", "workers"} <= asked
    documented = rows(page)
    assert {key for key in asked if not any(fnmatch(key, one) for one in documented)} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_of_the_environment_is_documented(page: str) -> None:
    asked = {key for of, key in keys_in("demoapp") if of in ("os", "os.environ")}
    assert asked == {key for key in rows(page) if key.isupper()}


@pytest.mark.parametrize("page", PAGES)
def test_what_is_kept_from_the_server_is_documented(page: str) -> None:
    """An option that the server would understand in another way, and those of the filter."""
    ours = {key for of, key in keys_in("demoapp/front") if (of, key[:8]) == ("options", "trusted_")}
    ours.remove("trusted_proxy_count")  # refused, with a line that says what to write
    assert {"trusted_proxy"} < ours
    assert ours | signature(behind_proxy).parameters.keys() <= rows(page).keys()
