"""production.ini as it is run: gunicorn, several processes, Redis, PostgreSQL, behind nginx."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client import Answer, Client, together
from tests.integration.conftest import ROOT
from tests.processes import Shop
from tests.proxy import Nginx
from tests.servers import PostgresServer, RedisServer

PRODUCTION = ROOT / "production.ini"
SECRET = "Vq3-this-one-is-as-good-as-any-XW9x7"
PROBES = "tests.integration.probe tests.integration.production_probe"
WRITERS, ADDS = 16, 10


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


@pytest.fixture(scope="module")
def environment(
    redis_server: RedisServer, postgres_server: PostgresServer
) -> Iterator[dict[str, str]]:
    """What production.ini wants to know."""
    values = {
        "SESSION_SECRET": SECRET,
        "REDIS_URL": redis_server.url,
        "DATABASE_URL": postgres_server.create_database("production"),
        "SHOP_HOSTS": "127.0.0.1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        patch.delenv("WEB_CONCURRENCY", raising=False)
        yield values
    postgres_server.drop_database("production")


@pytest.fixture(scope="module")
def shop(environment: dict[str, str]) -> Iterator[Shop]:
    """As docs/production.md has it: the database is prepared with the same file."""
    shop = Shop(PRODUCTION, settings={"pyramid.includes": PROBES})
    init = [Path(sys.executable).parent / "demoapp-init", shop.ini]
    with closing(shop):
        done = subprocess.run(init, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        yield shop.start()


@pytest.fixture(scope="module")
def proxy(shop: Shop) -> Iterator[Nginx]:
    with Nginx(shop.port) as proxy:
        yield proxy


@pytest.fixture
def visitor(proxy: Nginx) -> Iterator[SecureClient]:
    with SecureClient(proxy) as visitor:
        visitor.open()
        yield visitor


def ask(connection: HTTPConnection, path: str, **headers: str) -> tuple[int, str, list[str]]:
    """Status, body, cookies; with headers that no browser would send."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("GET", path, headers=named)
        response = connection.getresponse()
        cookies = response.headers.get_all("Set-Cookie", [])
        return response.status, response.read().decode(), cookies
    finally:
        connection.close()


def test_cookies_are_those_of_https_S10(visitor: SecureClient) -> None:
    given = dict(visitor.get("/login").cookies_set)
    assert visitor.add().status == 303
    login = visitor.post("/register", username="sora", password="a pine tree in snow")
    assert login.status == 303
    assert "Strict-Transport-Security" in login.headers
    given |= login.cookies_set
    assert set(visitor.cookies) == {"__Host-session", "__Host-csrf"}
    flags = {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    session = given["__Host-session"]
    assert {part.strip() for part in session.split(";")[1:]} == flags
    assert visitor.state()["user"] == "sora"


def test_plain_http_is_sent_to_https(proxy: Nginx) -> None:
    connection = HTTPConnection("127.0.0.1", proxy.plain_port, timeout=5)
    connection.request("POST", "/login?next=/cart", "x")
    response = connection.getresponse()
    connection.close()
    assert response.status == 308
    assert response.headers["Location"] == "https://127.0.0.1/login?next=/cart"


def test_posts_of_other_sites_are_refused_S11(visitor: SecureClient) -> None:
    """Their Origin is compared with the name and port that the visitor sees, not with ours."""
    address = visitor._address
    for origin, status in (
        (f"https://{address}", 303),
        ("https://evil.example", 400),
        ("null", 400),
        (f"https://{address}.evil.example", 400),
    ):
        body = f"csrf_token={visitor.cookies['__Host-csrf']}&sku=sejak"
        headers = {
            "Origin": origin,
            "Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        visitor._connection.request("POST", "/cart/items", body, headers)
        response = visitor._connection.getresponse()
        response.read()
        assert response.status == status, origin


def test_only_the_proxy_is_believed(shop: Shop, proxy: Nginx) -> None:
    """The visitor's own address and scheme, whatever headers they make up."""
    lies = {"X_Forwarded_For": "10.1.1.1", "X_Forwarded_Proto": "http", "Forwarded": "for=10.1.1.1"}
    status, body, _ = ask(proxy.connect("127.0.0.7"), "/probe/who", **lies)
    seen = json.loads(body)
    assert (status, seen["address"]) == (200, "127.0.0.7")
    assert seen["url"] == f"{proxy.base_url}/probe/who"
    assert "Forwarded" not in seen["headers"]
    past_it = HTTPConnection("127.0.0.1", shop.port, source_address=("127.0.0.8", 0))
    lies = {"X_Forwarded_For": "10.1.1.1", "X_Forwarded_Proto": "https"}
    status, body, _ = ask(past_it, "/probe/who", **lies)
    seen = json.loads(body)
    assert (status, seen["address"], seen["headers"]) == (200, "127.0.0.8", [])
    assert seen["url"].startswith("http://")
    _, _, cookies = ask(past_it, "/login", **lies)
    assert cookies
    assert not any("Secure" in cookie or "__Host-" in cookie for cookie in cookies)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil"])
def test_another_host_is_refused_H4(shop: Shop, proxy: Nginx, host: str) -> None:
    direct = HTTPConnection("127.0.0.1", shop.port, timeout=5)
    for connection in (proxy.connect(), direct):
        status, body, cookies = ask(connection, "/login", Host=host)
        assert status == 400
        assert "evil" not in body
        assert not any("session" in cookie for cookie in cookies)


def test_the_proxy_keeps_what_is_for_the_monitoring(shop: Shop, proxy: Nginx) -> None:
    for path in ("/metrics", "/readyz", "/healthz"):
        assert ask(proxy.connect(), path)[0] == 404
        assert ask(HTTPConnection("127.0.0.1", shop.port), path)[0] == 200


def test_every_parallel_add_is_kept_over_two_workers_F8(
    visitor: SecureClient, proxy: Nginx, record_property: Callable[[str, object], None]
) -> None:
    assert visitor.add().status == 303
    workers = set()

    def add(_: int) -> list[int]:
        with SecureClient(proxy) as tab:
            tab.cookies = visitor.cookies
            answers = [tab.add().status for _ in range(ADDS)]
            workers.add(tab.who()["pid"])
            return answers

    begun = time.perf_counter()
    answers = Counter(
        status for row in together(partial(add, n) for n in range(WRITERS)) for status in row
    )
    record_property("seconds", round(time.perf_counter() - begun, 2))
    assert answers == {303: WRITERS * ADDS}
    assert visitor.in_cart() == 1 + WRITERS * ADDS
    assert len(workers) == 2


@pytest.mark.parametrize(
    ("settings", "environment_changes", "told"),
    [
        ({}, {"SESSION_SECRET": ""}, "SESSION_SECRET"),
        ({}, {"SHOP_HOSTS": ""}, "SHOP_HOSTS"),
        ({"demo.hosts": ""}, {}, "demo.hosts is not set"),
        ({}, {"SESSION_SECRET": "Vq3-too-short-XW9"}, "session.secret has 17 characters"),
        ({}, {"SESSION_SECRET": "change-me" * 9}, "session.secret is a known"),
        ({"pyramid.debug_all": "true"}, {}, "pyramid.debug_all"),
        ({"session.strategy": "memory"}, {}, "memory cannot work in 2 processes"),
        ({}, {"REDIS_URL": "redis+sentinel://tea"}, "session.redis.url cannot be used"),
    ],
)
def test_production_does_not_start_with_H5(
    environment: dict[str, str],
    settings: dict[str, str],
    environment_changes: dict[str, str],
    told: str,
) -> None:
    shop = Shop(PRODUCTION, settings=settings)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pyramid.scripts.pserve", shop.ini],
            cwd=ROOT,
            env={**os.environ, **environment_changes},
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        shop.close()
    assert done.returncode not in (0, -signal.SIGTERM)
    [line] = done.stderr.splitlines()
    assert told in line
    for secret in ("Vq3", "change-me"):
        assert secret not in line
