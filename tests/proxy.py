"""nginx as it stands in front of the shop in production: docs/nginx.conf with ports of our own."""

import json
import ssl
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

from demoapp.shop.accounts import DEMO_PASSWORD
from tests.integration.client import Answer, Client
from tests.processes import ManagedProcess, free_port
from tests.servers import find_program, make_certificates

CONFIG = Path(__file__).parents[1] / "docs" / "nginx.conf"
_AROUND = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    %s
    include site.conf;
}
"""


class Nginx(ManagedProcess):
    """https on `port`, http on `plain_port`; the backend is at 127.0.0.1:8080 or unix:/path."""

    name = "nginx"

    def __init__(self, backend: str) -> None:
        self._program = find_program("nginx", "nginx")
        self._backend = backend
        super().__init__()
        make_certificates(self.folder)

    @property
    def base_url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def connect(self, source: str = "127.0.0.1") -> HTTPSConnection:
        """A connection that trusts our CA, from an address of the visitor's choice."""
        trust = ssl.create_default_context(cafile=self.folder / "ca.crt")
        return HTTPSConnection(
            "127.0.0.1", self.port, timeout=60, context=trust, source_address=(source, 0)
        )

    def _choose_ports(self) -> None:
        self.port = free_port()
        self.plain_port = free_port()

    def _command(self) -> Sequence[str | Path]:
        site = CONFIG.read_text()
        for ours, theirs in (
            (f"listen 127.0.0.1:{self.plain_port};", "listen 80;"),
            (f"listen 127.0.0.1:{self.port} ssl", "listen 443 ssl"),
            (f"server {self._backend};", "server 127.0.0.1:8080;"),
            ("server.crt", "/etc/ssl/shop.crt"),
            ("server.key", "/etc/ssl/shop.key"),
            ("server_name 127.0.0.1;", "server_name shop.example.org;"),
        ):
            assert theirs in site, theirs
            site = site.replace(theirs, ours)
        (self.folder / "site.conf").write_text(site)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = " ".join(f"{kind}_temp_path {kind};" for kind in kinds)
        (self.folder / "nginx.conf").write_text(_AROUND % folders)
        return [self._program, "-p", self.folder, "-c", "nginx.conf", "-e", "stderr"]

    def _ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.plain_port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 308
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


class SecureClient(Client):
    """Through the proxy, over https."""

    def __init__(self, proxy: Nginx, source: str = "127.0.0.1") -> None:
        super().__init__(proxy.base_url)
        self._connection = proxy.connect(source)

    def post(self, path: str, /, **fields: str) -> Answer:
        token = self.cookies.get("__Host-csrf", "")
        return super().post(path, **{"csrf_token": token, **fields})

    def who(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get("/probe/who").text)
        return found


def guess_until_refused(proxy: Nginx, username: str, password: str = DEMO_PASSWORD) -> None:
    """Ten wrong passwords shut out who sent them, and nobody who comes from elsewhere (A2)."""
    with SecureClient(proxy, "127.0.0.7") as guesser, SecureClient(proxy, "127.0.0.9") as owner:
        answers = [guesser.open().log_in(username, "wrong").status for _ in range(11)]
        assert answers == [400] * 10 + [429]
        assert owner.open().log_in(username, password).status == 303
        assert owner.state()["user"] == username
        assert guesser.log_in(username, password).status == 429
