"""What pserve says of a wrong ini file, and how the shop starts without its store."""

import socket
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from pyramid.paster import get_app

from tests import forks
from tests.integration.client import Client
from tests.integration.conftest import DEVELOPMENT, ROOT
from tests.processes import PSERVE, Shop, free_port

SECRET = "Vq3-this-one-is-as-good-as-any-XW9x7"


def pserve(
    ini: Path, app: str = "main", *variables: str, **environment: str
) -> CompletedProcess[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return forks.run(PSERVE, "-n", app, ini, *variables)


def refused(result: CompletedProcess[str]) -> str:
    """The one line that was printed."""
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    [line] = result.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("app", "key", "value"),
    [
        ("memory", "session.stategy", "redis"),
        ("main", "session.strategy", "memcached"),
        ("memory", "session.secret", "too short"),
        ("memory", "session.secret", ""),
        ("memory", "session.idle_timeout", "20 minutes"),
        ("memory", "session.idle_timeout", "-1"),
        ("memory", "session.max_bytes", "64k"),
        ("memory", "session.cookie_secure", "maybe"),
        ("memory", "sqlalchemy.url", "shop.sqlite"),
        ("memory", "sqlalchemy.url", "${SHOP_DATABASE}"),
        ("memory", "demo.labs", "perhaps"),
        ("redis", "session.redis.url", "localhost:6379"),
        ("custom", "session.custom.factory", "demoapp.nowhere.factory"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line_H5(app: str, key: str, value: str) -> None:
    shop = Shop(DEVELOPMENT, app, settings={key: value})
    try:
        line = refused(pserve(shop.ini, app))
    finally:
        shop.close()
    assert key in line
    assert "too short" not in line  # a secret stays out of the log


def test_a_taken_port_is_told_in_one_line() -> None:
    shop = Shop(DEVELOPMENT, "memory")
    try:
        with socket.create_server(("127.0.0.1", shop.port)):
            line = refused(pserve(shop.ini, "memory"))
    finally:
        shop.close()
    assert f"Port {shop.port} cannot be used: Address already in use" in line
    assert "http_port" in line


@pytest.mark.parametrize(
    ("make", "option", "told"),
    [
        ("make_gunicorn", "bynd", "Error: No configuration setting for: bynd"),
        (
            "make_server",
            "unix_socket = /nowhere/shop.sock\n#",
            "demoapp: unix:/nowhere/shop.sock: ",
        ),
    ],
)
def test_a_server_that_cannot_start_is_no_success_H5(
    make: str, option: str, told: str, sqlite_url: str
) -> None:
    """Or a supervisor would take the shop for stopped by its owner."""
    shop = Shop(DEVELOPMENT, "memory", settings={"sqlalchemy.url": sqlite_url})
    text = shop.ini.read_text()
    assert "make_server\n" in text
    assert "listen = " in text
    shop.ini.write_text(text.replace("make_server\n", f"{make}\n").replace("listen", option))
    try:
        done = pserve(shop.ini, "memory")
    finally:
        shop.close()
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(told)
    assert done.returncode != 0


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "SESSION_SECRET"),
        ({"SESSION_SECRET": "seekrit"}, "session.secret"),
        ({"SESSION_SECRET": "seekrit" * 6}, "session.secret"),
    ],
)
def test_production_refuses_a_weak_secret_in_one_line_H5(
    environment: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {
        "REDIS_URL": "redis://localhost/0",
        "DATABASE_URL": "sqlite://",
        "SHOP_HOSTS": "tea.example.org",
    }
    empty = {"SESSION_SECRET": ""}
    for name, value in (others | empty | environment).items():
        monkeypatch.setenv(name, value)
    line = refused(pserve(ROOT / "production.ini"))
    assert told in line
    assert "seekrit" not in line


def told_app(global_conf: Any, **settings: str) -> dict[str, str]:
    """In the place of an application: what it was told."""
    return settings


def no_filter(global_conf: Any) -> Callable[[Any], Any]:
    return lambda app: app


@pytest.mark.parametrize(
    ("filtered", "strategy"), [("", "database"), ("filter-with = it", "redis")]
)
def test_a_variant_of_a_filtered_section_loses_its_lines(
    filtered: str, strategy: str, tmp_path: Path
) -> None:
    """As docs/en/production.md says of PasteDeploy; if it no longer does, that page may go on."""
    (ini := tmp_path / "shop.ini").write_text(
        f"[app:main]\nuse = call:{__name__}:told_app\nsession.strategy = redis\n{filtered}\n"
        f"[filter:it]\nuse = call:{__name__}:no_filter\n"
        "[app:other]\nuse = main\nsession.strategy = database\n"
    )
    assert get_app(str(ini), "other")["session.strategy"] == strategy


def test_the_shop_starts_without_redis_and_says_what_to_do_F1(sqlite_url: str) -> None:
    settings = {
        "sqlalchemy.url": sqlite_url,
        "session.redis.url": f"redis://127.0.0.1:{free_port()}/0",
    }
    with (
        Shop(DEVELOPMENT, "redis", settings=settings, fresh=True) as shop,
        Client(shop.base_url) as client,
    ):
        [warning] = [line for line in shop.log.splitlines() if "Starting server" not in line]
        assert "WARN" in warning
        assert "Start it, or correct session.redis.url" in warning
        client.cookies["session"] = "A" * 43
        catalog = client.get("/")
        assert catalog.status == 200
        assert "Cart unavailable" in catalog.text
        for answer in (client.get("/cart"), client.get("/session.json"), client.add()):
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert "session" not in answer.cookies_set  # the cookie may be good again
