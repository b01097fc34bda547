"""production.ini as it is run: gunicorn, several processes, Redis, PostgreSQL, behind nginx."""

import json
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

import pytest

from tests import forks
from tests.integration.client import together
from tests.integration.conftest import ROOT
from tests.processes import PSERVE, Shop
from tests.proxy import Nginx, SecureClient, guess_until_refused
from tests.servers import PostgresServer, RedisServer

PRODUCTION = ROOT / "production.ini"
SECRET = "Vq3-this-one-is-as-good-as-any-XW9x7"
PROBES = "tests.integration.probe tests.integration.production_probe"
WRITERS, ADDS = 16, 10


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


class TwoDoors(Shop):
    """gunicorn on TCP and on a unix socket; everything else as production.ini has it."""

    def _choose_ports(self) -> None:
        super()._choose_ports()
        bind = "bind = 127.0.0.1:%(http_port)s"
        text = self.ini.read_text()
        assert bind in text
        two = f"host = 127.0.0.1:%(http_port)s,unix:{self.socket}"  # gunicorn splits `host` alone
        self.ini.write_text(text.replace(bind, two))

    @property
    def socket(self) -> Path:
        return self.folder / "shop.sock"


@pytest.fixture(scope="module")
def shop(environment: dict[str, str]) -> Iterator[TwoDoors]:
    """As docs/en/production.md has it: the database is prepared with the same file."""
    shop = TwoDoors(PRODUCTION, settings={"pyramid.includes": PROBES}, fresh=True)
    init = [Path(sys.executable).parent / "demoapp-init", shop.ini]
    with closing(shop):
        done = subprocess.run(init, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        shop.start()
        yield shop


@pytest.fixture(scope="module")
def proxy(shop: Shop) -> Iterator[Nginx]:
    with Nginx(f"127.0.0.1:{shop.port}") as proxy:
        yield proxy


@pytest.fixture(scope="module")
def unix_proxy(shop: TwoDoors) -> Iterator[Nginx]:
    with Nginx(f"unix:{shop.socket}") as proxy:
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


@pytest.mark.parametrize("way", ["proxy", "unix_proxy"])
def test_visitors_keep_their_own_address_P2(way: str, request: pytest.FixtureRequest) -> None:
    """And their scheme, whatever headers they make up."""
    proxy: Nginx = request.getfixturevalue(way)
    lies = {
        "X_Forwarded_For": "10.1.1.1",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Ssl": "off",
        "X_Forwarded_Prefix": "//evil.example",
        "Forwarded": "for=10.1.1.1",
    }
    status, body, _ = ask(proxy.connect("127.0.0.7"), "/probe/who", **lies)
    seen = json.loads(body)
    assert (status, seen["address"], seen["headers"]) == (200, "127.0.0.7", [])
    assert seen["url"] == f"{proxy.base_url}/probe/who"


@pytest.mark.parametrize("way", ["proxy", "unix_proxy"])
def test_who_guesses_passwords_shuts_out_nobody_else_P2(
    way: str, request: pytest.FixtureRequest
) -> None:
    proxy: Nginx = request.getfixturevalue(way)
    name = f"hana.{way}"
    with SecureClient(proxy) as hana:
        registered = hana.open().post("/register", username=name, password="a pine tree in snow")
        assert registered.status == 303
    guess_until_refused(proxy, name, "a pine tree in snow")


def test_of_several_proxies_none_is_the_visitor_P2(shop: Shop) -> None:
    """What the second sends when the first has appended the visitor's address to their lies."""
    for named in ("10.1.1.1, 203.0.113.9", "nonsense, 203.0.113.9, 127.0.0.1"):
        told = {"X_Forwarded_For": named, "X_Forwarded_Proto": "https"}
        _, body, _ = ask(HTTPConnection("127.0.0.1", shop.port), "/probe/who", **told)
        seen = json.loads(body)
        assert (seen["address"], seen["headers"]) == ("203.0.113.9", [])
        assert seen["url"] == f"https://127.0.0.1:{shop.port}/probe/who"


def test_only_the_proxy_is_believed(shop: Shop, proxy: Nginx) -> None:
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
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment_changes.items():
        monkeypatch.setenv(name, value)
    shop = Shop(PRODUCTION, settings=settings)
    try:
        done = forks.run(PSERVE, shop.ini)
    finally:
        shop.close()
    assert done.returncode not in (0, -signal.SIGTERM)
    [line] = done.stderr.splitlines()
    assert told in line
    for secret in ("Vq3", "change-me"):
        assert secret not in line
