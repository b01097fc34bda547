"""Values from the environment, and what production refuses (H5)."""

from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator

from demoapp.sessions.ini import SettingsError
from demoapp.settings import includeme, resolve

SECRET = "zV7-wq0PLm2xKd9_tYbN4sRfGhJ6cEaU"
PRODUCTION = {
    "session.strategy": "redis",
    "session.secret": SECRET,
    "demo.labs": "false",
    "demo.hosts": "tea.example.org",
}


def start(**settings: Any) -> None:
    includes = settings.pop("pyramid.includes", "")
    config = Configurator(settings={**PRODUCTION, **settings})
    config.registry.settings["pyramid.includes"] = includes  # not imported: it is not installed
    includeme(config)


def test_variables_of_the_environment_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEA_USER", "sora")
    found = resolve({"a": "x-${TEA_USER}-y", "b": "$HOME ${", "c": 3})
    assert found == {"a": "x-sora-y", "b": "$HOME ${", "c": 3}


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEA_SECRET", raising=False)
    with pytest.raises(SettingsError, match=r"session\.secret needs .* TEA_SECRET"):
        resolve({"session.secret": "${TEA_SECRET}"})


def test_production_starts_with_a_secret_of_its_own() -> None:
    start()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("session.secret", ""),
        ("session.secret", "for-development-only-0123456789abcdefghijklmnop"),
        ("session.secret", "seekrit" * 6),
        ("session.secret", f"{SECRET}\n{'ab' * 20}"),
        ("pyramid.debug_all", "true"),
        ("pyramid.reload_templates", "1"),
        ("debug_notfound", "yes"),
        ("pyramid.includes", "pyramid_debugtoolbar"),
        ("demo.labs", "perhaps"),
        ("demo.hosts", " "),
    ],
)
def test_production_refuses_what_is_for_development_H5(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        start(**{key: value})
    assert key in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not value or key != "session.secret" or value not in str(refused.value)


def test_production_refuses_memory_in_several_processes_H5(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    start()
    with pytest.raises(SettingsError, match="memory"):
        start(**{"session.strategy": "memory"})
    monkeypatch.setenv("WEB_CONCURRENCY", "1")
    start(**{"session.strategy": "memory"})


def test_development_may_do_all_that() -> None:
    start(**{"demo.labs": "true", "session.secret": "seekrit", "pyramid.debug_all": "true"})


@pytest.mark.parametrize("workers", ["", "workers = 1", "workers = 3", "workers = ${W3}"])
def test_the_number_of_processes_is_that_of_the_ini_file_H5(
    workers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    monkeypatch.setenv("W3", "3")
    ini = tmp_path / "shop.ini"
    ini.write_text(f"[server:main]\nuse = egg:gunicorn#main\n{workers}\n")
    config = Configurator(settings={**PRODUCTION, "session.strategy": "memory"})
    config.registry["ini_file"] = str(ini)
    if "3" in workers:
        with pytest.raises(SettingsError, match="memory cannot work in 3 processes"):
            includeme(config)
    else:
        includeme(config)
