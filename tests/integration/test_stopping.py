"""SIGTERM and SIGHUP under load: what has begun is answered, and nothing that was is lost (F5)."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.conftest import DEVELOPMENT, ROOT
from tests.processes import Shop, wait_until
from tests.servers import RedisServer
from tests.shops import copy_sqlite

SECRET = "Vq3-this-one-is-as-good-as-any-XW9x7"


def gunicorn(database_url: str, redis_url: str, patch: pytest.MonkeyPatch) -> Shop:
    patch.setenv("SESSION_SECRET", SECRET)
    patch.setenv("REDIS_URL", redis_url)
    patch.setenv("DATABASE_URL", database_url)
    patch.setenv("SHOP_HOSTS", "127.0.0.1")
    settings = {"pyramid.includes": "tests.integration.probe"}
    return Shop(ROOT / "production.ini", settings=settings, fresh=True)


def waitress(database_url: str, redis_url: str, patch: pytest.MonkeyPatch) -> Shop:
    settings = {
        "session.redis.url": redis_url,
        "sqlalchemy.url": database_url,
        "pyramid.includes": "tests.integration.probe",
    }
    return Shop(DEVELOPMENT, "redis", settings=settings, fresh=True)


@pytest.fixture
def shop(
    request: pytest.FixtureRequest,
    seeded_file: Path,
    redis_server: RedisServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shop]:
    with request.param(copy_sqlite(seeded_file, tmp_path), redis_server.url, monkeypatch) as shop:
        yield shop


@dataclass
class Adder:
    """Adds as fast as it can, until the shop is gone."""

    client: Client
    answered: int = 0
    broken: list[str] = field(default_factory=list)
    """Errors of requests on a connection that had answered before: those had begun."""

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            connected = self.client._connection.sock is not None
            try:
                status = self.client.add().status
            except (OSError, HTTPException) as err:
                if connected:
                    self.broken.append(repr(err))
                self.client._connection.close()
                if isinstance(err, ConnectionRefusedError):
                    return
            else:
                assert status == 303
                self.answered += 1


def all_go_on(adders: list[Adder]) -> bool:
    """Whether each of them was answered some times more."""
    before = [adder.answered for adder in adders]
    pairs = list(zip(adders, before, strict=True))
    return wait_until(lambda: all(adder.answered > seen + 2 for adder, seen in pairs), 30)


@pytest.fixture
def adders(shop: Shop) -> Iterator[list[Adder]]:
    with ExitStack() as stack:
        yield [Adder(stack.enter_context(Client(shop.base_url)).open()) for _ in range(8)]


@pytest.mark.parametrize("shop", [gunicorn, waitress], indirect=True)
def test_sigterm_lets_requests_in_flight_finish_F5(
    shop: Shop,
    adders: list[Adder],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    with Client(shop.base_url).open() as slow, ThreadPoolExecutor(len(adders) + 1) as pool:
        assert slow.add().status == 303
        waiting = pool.submit(slow.get, f"/probe/slow?folder={tmp_path}")
        tasks = [pool.submit(adder.run, threading.Event()) for adder in adders]
        assert wait_until((tmp_path / "waiting").exists, 10)
        assert all_go_on(adders)
        begun = time.perf_counter()
        os.kill(shop.pid, signal.SIGTERM)
        time.sleep(0.5)
        assert shop.running  # for the slow one
        (tmp_path / "go").touch()
        assert waiting.result().status == 200
        assert shop.stop() == 0
        record_property("stopped_after", round(time.perf_counter() - begun, 2))
        for task in tasks:
            task.result()
    shop.start()
    if shop.ini.name == "production.ini":  # waitress cannot announce the end of a connection
        assert [error for adder in adders for error in adder.broken] == []
    record_property("answered", sum(adder.answered for adder in adders))
    for adder in adders:  # all that was answered, and nothing that was not
        assert adder.client.in_cart() == adder.answered > 0


@pytest.mark.parametrize("shop", [gunicorn], indirect=True)
def test_sighup_changes_the_workers_and_nobody_notices_F5(shop: Shop, adders: list[Adder]) -> None:
    before = set(shop._family())
    stop = threading.Event()
    with ThreadPoolExecutor(len(adders) + 1) as pool:
        tasks = [pool.submit(adder.run, stop) for adder in adders]
        assert all_go_on(adders)
        os.kill(shop.pid, signal.SIGHUP)
        assert wait_until(lambda: set(shop._family()) & before == {shop.pid}, 30)
        assert all_go_on(adders)
        stop.set()
        for task in tasks:
            task.result()
    assert [error for adder in adders for error in adder.broken] == []
    for adder in adders:
        assert adder.client.in_cart() == adder.answered > 0
