"""Connections that went stale between two requests (F14): no visitor sees it.

The server ends them, or restarts, or the endpoint has become a read-only replica.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import product
from typing import Any

import psycopg
import pytest
import redis
from sqlalchemy.engine import make_url

from tests.cutting import RedisProxy
from tests.integration.bare import Browser, add, bare, make_tables
from tests.integration.client import together
from tests.processes import wait_until
from tests.servers import PostgresServer, RedisServer
from tests.shops import Visitor, fill

# -- PostgreSQL


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """To restart. The template is filled once."""
    with PostgresServer() as server:
        fill(server.create_database("template"))
        yield server


@pytest.fixture
def database(own_postgres: PostgresServer) -> Iterator[str]:
    """The URL of a filled database."""
    yield own_postgres.create_database("stale", "template")
    own_postgres.drop_database("stale")


@pytest.fixture
def postgres_shop(database: str, start_shop: Callable[..., Any]) -> Callable[[str], Any]:
    return lambda strategy: start_shop(strategy, **{"sqlalchemy.url": database})


def execute(server: PostgresServer, command: str) -> Any:
    """From the database beside, so that no connection of ours is in the way."""
    plain = make_url(server.url).set(drivername="postgresql").render_as_string()
    with psycopg.connect(plain, autocommit=True) as connection:
        result = connection.execute(command)
        return result.fetchall() if result.description else None


CONNECTIONS = "FROM pg_stat_activity WHERE datname = 'stale'"


def all_gone(server: PostgresServer) -> bool:
    return bool(execute(server, f"SELECT count(*) {CONNECTIONS}") == [(0,)])


def terminate(server: PostgresServer) -> None:
    execute(server, f"SELECT pg_terminate_backend(pid, 5000) {CONNECTIONS}")


def restart(server: PostgresServer) -> None:
    server.stop()
    server.start()


CLOSINGS = {"terminated": terminate, "restarted": restart}
REQUESTS: dict[str, Callable[[Visitor, str], Any]] = {
    "page": lambda visitor, token: visitor.get("/cart"),
    "session": lambda visitor, token: visitor.get("/session.json"),
    "missing": lambda visitor, token: visitor.get("/no/such/page"),
    "add": lambda visitor, token: visitor.post(
        "/cart/items", {"csrf_token": token, "sku": "sejak"}
    ),
    "logout": lambda visitor, token: visitor.post("/logout", {"csrf_token": token}),
}
ANSWERS = {"page": 200, "session": 200, "missing": 404, "add": 303, "logout": 303}


def closed_cases() -> Iterator[tuple[str, str, str]]:
    """The shop itself replays a request whose own first statement meets such a connection."""
    for strategy, closed, what in product(["redis", "database"], CLOSINGS, REQUESTS):
        if strategy == "redis" and what not in ("page", "add"):
            continue  # no SQL but the catalogue's
        yield strategy, closed, what


@pytest.mark.parametrize(("strategy", "closed", "what"), list(closed_cases()))
def test_a_database_that_closed_its_connections_is_not_seen_F14(
    own_postgres: PostgresServer,
    postgres_shop: Callable[[str], Any],
    strategy: str,
    closed: str,
    what: str,
) -> None:
    visitor = Visitor(postgres_shop(strategy))
    visitor.log_in()
    visitor.send("/cart/items", sku="sejak")
    token = visitor.token()
    CLOSINGS[closed](own_postgres)
    answer = REQUESTS[what](visitor, token)
    assert answer.status_int == ANSWERS[what]
    state = visitor.state()
    expected = {"add": ("demo", 2), "logout": (None, 0)}.get(what, ("demo", 1))
    assert (state["user"], state["cart"]["quantity"]) == expected


@pytest.mark.parametrize("what", ["session", "add"])
def test_a_connection_that_idled_for_too_long_is_not_seen_F14(
    own_postgres: PostgresServer, postgres_shop: Callable[[str], Any], what: str
) -> None:
    execute(own_postgres, "ALTER DATABASE stale SET idle_session_timeout = 500")
    visitor = Visitor(postgres_shop("database"))
    visitor.send("/cart/items", sku="sejak")
    token = visitor.token()
    assert wait_until(partial(all_gone, own_postgres), 5)
    assert REQUESTS[what](visitor, token).status_int == ANSWERS[what]


def test_a_whole_pool_of_closed_connections_is_not_seen_F14(
    own_postgres: PostgresServer, postgres_shop: Callable[[str], Any]
) -> None:
    """More of them than a request is tried again."""
    shop = postgres_shop("database")
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="sejak")
    cookie = visitor.cookie_header()

    def browse() -> list[int]:
        tab = Visitor(shop)
        headers = {"Cookie": cookie}
        return [tab.get("/session.json", headers=headers).status_int for _ in range(5)]

    assert together([browse] * 5) == [[200] * 5] * 5
    terminate(own_postgres)
    assert together([browse] * 5) == [[200] * 5] * 5


@pytest.mark.parametrize("act", ["read", "write"])
def test_nor_is_it_in_an_application_without_error_views_F14(
    own_postgres: PostgresServer, database: str, act: str
) -> None:
    settings = {"session.strategy": "database", "sqlalchemy.url": make_tables(database)}
    with bare(settings) as app:
        browser = Browser(app).begin(n=0)
        terminate(own_postgres)
        browser.do(add if act == "write" else lambda request: request.session["n"])
        assert browser.status == 200, browser.error
        assert browser.look()["n"] == (act == "write")


# -- Redis


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    with RedisServer(persist=True) as server:
        yield server


def kill_clients(server: RedisServer) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)


def restart_redis(server: RedisServer) -> None:
    server.stop()
    server.start()


@pytest.mark.parametrize("what", ["page", "session", "add", "logout"])
@pytest.mark.parametrize("close", [kill_clients, restart_redis])
def test_a_redis_that_closed_its_connections_is_not_seen_F14(
    own_redis: RedisServer,
    start_shop: Callable[..., Any],
    close: Callable[[RedisServer], None],
    what: str,
) -> None:
    visitor = Visitor(start_shop("redis", **{"session.redis.url": own_redis.url}))
    visitor.send("/cart/items", sku="sejak")
    token = visitor.token()
    close(own_redis)
    assert REQUESTS[what](visitor, token).status_int == ANSWERS[what]


# -- an endpoint that leads to another master


@pytest.fixture
def pair() -> Iterator[tuple[RedisServer, RedisServer]]:
    """A master and its replica."""
    with RedisServer(repl_diskless_sync_delay=0) as master:
        follows = f"replicaof 127.0.0.1 {master.port}"
        with RedisServer(repl_diskless_sync_delay=0, lines=[follows]) as replica:
            yield master, replica


def caught_up(master: redis.Redis) -> bool:
    return bool(master.wait(1, 100) == 1)


def swap(master: RedisServer, replica: RedisServer) -> None:
    """What a managed Redis does for maintenance; no connection is closed."""
    with redis.Redis.from_url(master.url) as old, redis.Redis.from_url(replica.url) as new:
        assert wait_until(partial(caught_up, old), 5)
        new.replicaof("NO", "ONE")
        old.replicaof("127.0.0.1", str(replica.port))


@pytest.mark.parametrize("what", ["add", "login"])
def test_an_endpoint_that_became_read_only_is_left_F14(
    pair: tuple[RedisServer, RedisServer], start_shop: Callable[..., Any], what: str
) -> None:
    """Its old connections stay open, at what is a replica now; new ones lead to the master."""
    master, replica = pair
    with RedisProxy(master.port) as endpoint:
        visitor = Visitor(start_shop("redis", **{"session.redis.url": endpoint.url}))
        visitor.send("/cart/items", sku="sejak")
        swap(master, replica)
        endpoint.target = replica.port
        assert wait_until(lambda: visitor.get("/session.json").status_int == 200, 2)

        def ask() -> Any:
            return visitor.log_in() if what == "login" else visitor.send("/cart/items", sku="sejak")

        assert wait_until(lambda: ask().status_int == 303, 2)
        state = visitor.state()
        expected = {"add": (None, 2), "login": ("demo", 1)}[what]
        assert (state["user"], state["cart"]["quantity"]) == expected


def test_every_connection_of_the_pool_leaves_the_replica_F14(
    pair: tuple[RedisServer, RedisServer],
) -> None:
    """One after the other, each would refuse a visitor."""
    master, replica = pair
    with RedisProxy(master.port) as endpoint, ExitStack() as stack:
        settings = {"session.strategy": "redis", "session.redis.url": endpoint.url}
        app = stack.enter_context(bare(settings))
        browsers = [Browser(app).begin(n=0) for _ in range(8)]
        together(partial(browser.do, add) for browser in browsers)
        swap(master, replica)
        endpoint.target = replica.port

        def adds(browser: Browser) -> bool:
            browser.do(add)
            return browser.status == 200

        assert wait_until(lambda: adds(browsers[0]), 2)
        assert all(together(partial(adds, browser) for browser in browsers[1:]))
