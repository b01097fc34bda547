"""Stores that fail under a shop that runs (F1, F2, F3): real servers, stopped and filled."""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy.engine import make_url

from demoapp.db import make_engine
from tests.integration.client import Answer, Client
from tests.processes import Shop, free_port, wait_until
from tests.servers import PostgresServer, RedisServer
from tests.shops import copy_sqlite, fill

INI = Path(__file__).parents[2] / "development.ini"


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    with RedisServer(
        persist=True, maxmemory_policy="noeviction", enable_debug_command="local"
    ) as server:
        yield server


@pytest.fixture
def shop(own_redis: RedisServer, seeded_file: Path, tmp_path: Path) -> Iterator[Shop]:
    settings = {
        "session.redis.url": own_redis.url,
        "session.redis.timeout": "1",  # a working one is asked as well, on a machine that is busy
        "sqlalchemy.url": copy_sqlite(seeded_file, tmp_path),
    }
    with Shop(INI, "redis", settings=settings) as shop:
        yield shop


@pytest.fixture
def visitor(shop: Shop) -> Iterator[Client]:
    with Client(shop.base_url) as visitor:
        visitor.open().log_in()
        assert visitor.add().status == 303
        yield visitor


def check_degraded(visitor: Client) -> None:
    """The shop is half there: the catalogue is, carts are not, and no cookie is touched."""
    cookies = dict(visitor.cookies)
    catalog = visitor.get("/")
    assert catalog.status == 200
    assert "is-down" in catalog.text
    for path in ("/cart", "/session.json", "/orders", "/account/sessions"):
        answer = visitor.get(path)
        assert answer.status == 503, path
        assert int(answer.headers["Retry-After"]) > 0
        assert "Traceback" not in answer.text
        assert "session" not in answer.cookies_set
    assert visitor.add().status == 503
    assert visitor.get("/healthz").status == 200
    assert visitor.get("/readyz").status == 503
    assert visitor.cookies == cookies


def check_recovered(visitor: Client, quantity: int = 1) -> None:
    """Without a restart, still logged in. How soon, tests/sessions/test_outage.py shows."""
    assert wait_until(lambda: visitor.get("/readyz").status == 200, 20)
    assert wait_until(lambda: visitor.get("/session.json").status == 200, 20)
    state = visitor.state()
    assert (state["user"], state["cart"]["quantity"]) == ("demo", quantity)


def test_refused_redis_F1(own_redis: RedisServer, visitor: Client) -> None:
    own_redis.kill()
    check_degraded(visitor)
    own_redis.start()
    check_recovered(visitor)


def test_hung_redis_F1(own_redis: RedisServer, shop: Shop, visitor: Client) -> None:
    own_redis.pause()
    check_degraded(visitor)

    def browse(_: int) -> set[int]:
        with Client(shop.base_url, visitor.cookies) as one:
            return {one.get("/cart").status for _ in range(25)}

    with ThreadPoolExecutor(4) as pool:
        assert set().union(*pool.map(browse, range(4))) == {503}
    own_redis.resume()
    check_recovered(visitor)


def test_slow_redis_F1(own_redis: RedisServer, visitor: Client) -> None:
    """Its answers come when nobody waits for them any more."""

    def sleep() -> None:
        with redis.Redis.from_url(own_redis.url) as client:
            client.execute_command("DEBUG", "SLEEP", "2.5")

    with ThreadPoolExecutor(1) as pool:
        busy, seen = pool.submit(sleep), set()
        while not busy.done():
            seen.add(visitor.get("/cart").status)
            assert visitor.get("/").status == 200
        busy.result()
    assert seen <= {200, 503}
    check_recovered(visitor)


def test_read_only_redis_F1(own_redis: RedisServer, visitor: Client) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        client.replicaof("127.0.0.1", str(free_port()))
        cookies = dict(visitor.cookies)
        assert visitor.get("/").status == 200
        assert visitor.add().status == 503
        assert visitor.cookies == cookies
        client.replicaof("NO", "ONE")
    check_recovered(visitor)


def test_a_flood_of_guests_leaves_those_who_are_logged_in_F1_F2(
    own_redis: RedisServer, shop: Shop, visitor: Client
) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        used = int(client.info("memory")["used_memory"])
        client.config_set("maxmemory", used + 150_000)
        refused, token = 0, {"csrf": visitor.cookies["csrf"]}
        for _ in range(2000):
            with Client(shop.base_url, token) as guest:
                refused += guest.add().status == 503
            if refused > 20:
                break
        assert refused > 20  # Redis is full, and says so
        assert visitor.get("/").status == 200
        state = visitor.state()
        assert (state["user"], state["cart"]["quantity"]) == ("demo", 1)
        client.config_set("maxmemory", 0)
    assert visitor.add().status == 303
    check_recovered(visitor, quantity=2)


def test_start_up_warns_of_an_eviction_policy_F2(
    seeded_file: Path, tmp_path: Path, own_redis: RedisServer
) -> None:
    url = copy_sqlite(seeded_file, tmp_path)
    with redis.Redis.from_url(own_redis.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    settings = {"session.redis.url": own_redis.url, "sqlalchemy.url": url}
    with Shop(INI, "redis", settings=settings) as shop:
        warnings = [line for line in shop.log.splitlines() if "noeviction" in line]
        assert len(warnings) == 1
        assert "WARN" in warnings[0]


# -- the database


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        fill(server.create_database("shop"))
        yield server


@pytest.fixture
def on_postgres(own_postgres: PostgresServer) -> Iterator[Shop]:
    settings = {"sqlalchemy.url": own_postgres.url_of("shop")}
    with Shop(INI, "database", settings=settings) as shop:
        yield shop


@pytest.fixture
def customer(on_postgres: Shop) -> Iterator[Client]:
    with Client(on_postgres.base_url) as customer:
        customer.open().log_in()
        customer.add()
        assert customer.in_cart() >= 1
        yield customer


def lock_limit(url: str, question: str) -> float:
    """How many seconds the database lets a statement of the shop wait for a lock."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql(question).scalar_one()) / 1000
    finally:
        engine.dispose()


def replays(customer: Client) -> float:
    told = re.findall(
        r"^shop_replays_total\{.* (\S+)$", customer.get("/metrics").text, re.MULTILINE
    )
    return sum(map(float, told))


def refused_in_time(customer: Client, ask: Callable[[], Answer], limit: float = 0) -> None:
    """Within 5 s, of which an attempt takes as many as it may wait for a lock."""
    cookies, before = dict(customer.cookies), replays(customer)
    answer = ask()
    assert answer.status == 503
    attempts = 1 + replays(customer) - before
    assert attempts <= 3
    assert attempts * limit < 5
    assert int(answer.headers["Retry-After"]) > 0
    assert "Traceback" not in answer.text
    assert customer.cookies == cookies


def test_database_down_F3(own_postgres: PostgresServer, customer: Client) -> None:
    own_postgres.stop()
    for path in ("/", "/cart", "/session.json"):
        refused_in_time(customer, partial(customer.get, path))
    assert customer.get("/healthz").status == 200
    assert customer.get("/readyz").status == 503
    own_postgres.start()
    assert wait_until(lambda: customer.get("/readyz").status == 200, 20)
    assert customer.state()["user"] == "demo"


def test_database_locked_F3(own_postgres: PostgresServer, customer: Client) -> None:
    before = customer.in_cart()
    asked = "SELECT setting FROM pg_settings WHERE name = 'lock_timeout'"
    limit = lock_limit(own_postgres.url_of("shop"), asked)
    assert limit > 0  # or for ever
    url = make_url(own_postgres.url_of("shop")).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string()) as other:
        other.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
        refused_in_time(customer, customer.add, limit)
    assert customer.add().status == 303
    assert customer.in_cart() == before + 1


def test_pool_empty_F3(own_postgres: PostgresServer, on_postgres: Shop, customer: Client) -> None:
    """Every connection waits for a lock: the others are told so, and none is left waiting."""
    url = make_url(own_postgres.url_of("shop")).set(drivername="postgresql")

    def browse(_: int) -> int:
        with Client(on_postgres.base_url, customer.cookies) as one:
            return one.get("/session.json").status

    with ThreadPoolExecutor(24) as pool:
        with psycopg.connect(url.render_as_string()) as other:
            other.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
            waiting = [pool.submit(browse, n) for n in range(24)]
            time.sleep(1)
        assert {answer.result() for answer in waiting} <= {200, 503}
    assert wait_until(lambda: customer.get("/session.json").status == 200, 20)
    assert customer.state()["user"] == "demo"


def test_sqlite_locked_F3(seeded_file: Path, tmp_path: Path) -> None:
    url = copy_sqlite(seeded_file, tmp_path)
    with (
        Shop(INI, "database", settings={"sqlalchemy.url": url}) as shop,
        Client(shop.base_url) as customer,
    ):
        customer.open().log_in()
        customer.add()
        other = sqlite3.connect(tmp_path / "shop.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert customer.get("/").status == 200  # WAL: readers go on
        refused_in_time(customer, customer.add, lock_limit(url, "PRAGMA busy_timeout"))
        other.execute("ROLLBACK")
        other.close()
        assert customer.add().status == 303
        assert customer.state()["cart"]["quantity"] == 2
