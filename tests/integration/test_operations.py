"""Logs and metrics of production.ini as it is run: two processes of gunicorn."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.integration.client import Client
from tests.integration.conftest import ROOT
from tests.processes import Shop, wait_until
from tests.servers import PostgresServer, RedisServer

PROBES = "tests.integration.production_probe"
PASSWORD = "a persimmon tree in frost"
NOBODY = 4194305
"""One more than the highest process id that Linux gives."""


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the metrics; an earlier start has left something in it."""
    folder = tmp_path_factory.mktemp("metrics")
    (folder / f"counter_{NOBODY}.db").write_bytes(b"\0" * 4096)
    return folder


@pytest.fixture(scope="module")
def shop(redis: RedisServer, postgres_server: PostgresServer, folder: Path) -> Iterator[Shop]:
    values = {
        "SESSION_SECRET": "Vq3-this-one-is-as-good-as-any-XW9x7",
        "REDIS_URL": redis.url,
        "DATABASE_URL": postgres_server.create_database("operations"),
        "SHOP_HOSTS": "127.0.0.1",
        "PROMETHEUS_MULTIPROC_DIR": str(folder),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        patch.delenv("WEB_CONCURRENCY", raising=False)
        settings = {"pyramid.includes": PROBES}
        with closing(Shop(ROOT / "production.ini", settings=settings, fresh=True)) as shop:
            done = subprocess.run(
                [Path(sys.executable).parent / "demoapp-init", shop.ini],
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
            yield shop.start()
    postgres_server.drop_database("operations")


def ask(shop: Shop, path: str, **headers: str) -> tuple[dict[str, str], str]:
    """Over a connection of its own, so that any process may answer: headers and body."""
    connection = HTTPConnection("127.0.0.1", shop.port, timeout=30)
    with closing(connection):
        connection.request(
            "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        response = connection.getresponse()
        return dict(response.headers), response.read().decode()


def worker(shop: Shop) -> int:
    return int(json.loads(ask(shop, "/probe/who")[1])["pid"])


def workers(shop: Shop) -> set[int]:
    """The processes that answer; asked until there are two, and one more time each."""
    found: set[int] = set()
    assert wait_until(lambda: found.add(worker(shop)) or len(found) > 1, 20)  # type: ignore[func-returns-value]
    return found


def counted(shop: Shop, route: str) -> float:
    text = ask(shop, "/metrics")[1]
    line = rf'shop_requests_total{{method="GET",route="{route}",status="200"}} (\S+)'
    found = re.search(line, text)
    return float(found[1]) if found else 0.0


def lines(shop: Shop) -> list[dict[str, Any]]:
    """What our own loggers have said; gunicorn speaks plainly before it reads the ini."""
    return [json.loads(line) for line in shop.log.splitlines() if line.startswith('{"time"')]


def test_two_processes_count_as_one(shop: Shop, folder: Path) -> None:
    assert not (folder / f"counter_{NOBODY}.db").exists()
    workers(shop)
    before = counted(shop, "cart")
    answered = {worker(shop)}
    for _ in range(30):
        ask(shop, "/cart")
        answered.add(worker(shop))
    assert len(answered) == 2
    assert [counted(shop, "cart") - before for _ in range(6)] == [30] * 6  # whoever is asked


def test_a_dead_worker_is_cleared_up_and_its_counts_are_kept(shop: Shop, folder: Path) -> None:
    victim = min(workers(shop))
    ask(shop, "/cart")
    before = counted(shop, "cart")
    gauge = folder / f"gauge_livesum_{victim}.db"
    assert gauge.exists()
    os.kill(victim, signal.SIGKILL)
    assert wait_until(lambda: not gauge.exists(), 10)
    assert victim not in workers(shop)
    assert counted(shop, "cart") == before
    active = re.search(r"^shop_requests_active (\S+)", ask(shop, "/metrics")[1], re.MULTILINE)
    assert active
    assert float(active[1]) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("proxy-0123456789.abc_DEF", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("short", False),
        ('evil-0123"}', False),
        ("evil 01234567", False),
        ("ünïcödé-0123", False),
        ("", False),
    ],
)
def test_a_request_has_one_number_in_answer_and_log(shop: Shop, given: str, kept: bool) -> None:
    headers, _ = ask(shop, "/products/sejak?q=private", X_Request_ID=given)
    number = headers["X-Request-ID"]
    assert (number == given) is kept
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", number)

    def found() -> list[dict[str, Any]]:
        return [line for line in lines(shop) if line["request_id"] == number]

    assert wait_until(lambda: bool(found()), 5)
    line = found()[-1]
    expected = {"method": "GET", "route": "product", "status": 200, "strategy": "redis"}
    assert {name: line[name] for name in expected} == expected
    assert 0 < line["ms"] < 30_000
    assert "private" not in shop.log


def test_every_answer_has_a_number_and_numbers_differ(shop: Shop) -> None:
    found = [ask(shop, path)[0].get("X-Request-ID") for path in ("/", "/no-such", "/%ff", "/cart")]
    assert None not in found
    assert len(set(found)) == 4


def test_no_secret_is_logged_S2(shop: Shop, redis: RedisServer) -> None:
    with Client(shop.base_url).open() as visitor:
        fields = {"username": "haneul", "password": PASSWORD}
        assert visitor.post("/register", **fields).status == 303
        assert visitor.add().status == 303
        secrets = set(visitor.cookies.values())
        number = ask(shop, "/")[0]["X-Request-ID"]
        assert visitor.post("/logout").status == 303
        assert visitor.post("/login", username="haneul", password="wrong " + PASSWORD).status == 400
        visitor.get(f"/login?password={PASSWORD.replace(' ', '+')}&token=sesame-9")
        assert visitor.log_in("haneul", PASSWORD).status == 303
        secrets |= set(visitor.cookies.values())
        visitor.post("/cart/items", sku="sejak", csrf_token="a-wrong-token-0123")
        redis.pause()  # errors are where secrets slip out
        try:
            assert visitor.get("/cart").status == 503
            assert visitor.add().status == 503
        finally:
            redis.resume()
    assert wait_until(lambda: "session store unavailable" in shop.log, 5)
    told = shop.log
    assert any(line["request_id"] == number for line in lines(shop))
    [outage, *_] = [line for line in lines(shop) if "unavailable" in line["message"]]
    assert re.fullmatch(r"[0-9a-f]{16}", outage["request_id"])
    secrets |= {PASSWORD, PASSWORD.replace(" ", "+"), "sesame-9", "a-wrong-token-0123"}
    secrets |= {"Vq3-this-one", "haneul", "argon2"}
    assert len(secrets) > 9
    for secret in secrets:
        assert secret not in told
        assert unquote(secret) not in told


def test_the_command_works_on_production_ini(shop: Shop, folder: Path) -> None:
    before = sorted(folder.iterdir())
    with Client(shop.base_url).open() as visitor:
        assert visitor.post("/register", username="bada", password=PASSWORD).status == 303
        for arguments, words in (
            (("list", "bada"), str(visitor.state()["handle"])),
            (("revoke", "bada", "--all"), "ends with its next request"),
            (("purge",), "Redis drops"),
        ):
            command = [sys.executable, "-m", "demoapp.scripts.sessions", str(shop.ini), *arguments]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert words in done.stdout
        assert visitor.state()["user"] is None
    assert sorted(folder.iterdir()) == before  # it clears nothing away that the shop still adds up
