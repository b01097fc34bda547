"""waitress behind nginx: the same as gunicorn in test_production.py; what [server:main] may say."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.integration.conftest import DEVELOPMENT, ROOT
from tests.processes import Shop, answers_at
from tests.proxy import Nginx, SecureClient, guess_until_refused


class Served(Shop):
    """development.ini, strategy memory; `server` is what [server:main] says of the address."""

    def __init__(self, database: str, server: Mapping[str, str]) -> None:
        self._server = server
        settings = {
            "sqlalchemy.url": database,
            "pyramid.includes": "tests.integration.production_probe",
        }
        super().__init__(DEVELOPMENT, settings=settings)

    @property
    def backend(self) -> str:
        """For the proxy."""
        if "unix_socket" in self._server:
            return f"unix:{self._socket}"
        return f"127.0.0.1:{self.port}"

    @property
    def _socket(self) -> Path:
        return self.folder / "shop.sock"

    def _choose_ports(self) -> None:
        super()._choose_ports()
        config = ConfigParser(interpolation=None)
        config.read(self.ini)
        del config["server:main"]["listen"]
        for name, value in self._server.items():
            config["server:main"][name] = value.replace("SOCKET", str(self._socket))
        with self.ini.open("w") as file:
            config.write(file)

    def _ready(self) -> bool:
        if "unix_socket" not in self._server:
            return super()._ready()
        return answers_at(self._socket, "/healthz")


WAYS = {
    "host and port, a network": {
        "host": "${SHOP_ADDRESS}",
        "port": "%(http_port)s",
        "trusted_proxy": "127.0.0.0/30",
    },
    "a unix socket, below a path": {"unix_socket": "SOCKET", "url_prefix": "/tea"},
}


@pytest.fixture(params=WAYS)
def front(
    request: pytest.FixtureRequest, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Nginx, str]]:
    monkeypatch.setenv("SHOP_ADDRESS", "127.0.0.1")
    way = WAYS[request.param]
    with Served(sqlite_url, way) as shop, Nginx(shop.backend) as proxy:
        yield proxy, way.get("url_prefix", "")


def test_who_guesses_passwords_shuts_out_nobody_else_P2(front: tuple[Nginx, str]) -> None:
    proxy, prefix = front
    with SecureClient(proxy, "127.0.0.7") as visitor:
        seen = json.loads(visitor.get(f"{prefix}/probe/who").text)
        assert (seen["address"], seen["headers"]) == ("127.0.0.7", [])
        assert seen["url"] == f"{proxy.base_url}{prefix}/probe/who"
        visitor.open()
        assert list(visitor.cookies) == ["__Host-csrf"]
        added = visitor.post(f"{prefix}/cart/items", sku="sejak")
        assert (added.status, added.location) == (303, f"{proxy.base_url}{prefix}/cart")
    guess_until_refused(proxy, "demo")


def test_what_waitress_cannot_use_is_told_in_one_line_P2(sqlite_url: str) -> None:
    """tests/front/test_serving.py has the other lines."""
    shop = Served(sqlite_url, {"listen": "${SHOP_ADDRESS}:8080"})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pyramid.scripts.pserve", shop.ini],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        shop.close()
    assert done.returncode not in (0, -15)
    told = "demoapp: listen needs the environment variable SHOP_ADDRESS"
    assert done.stderr.splitlines() == [told]
