"""One request, one connection, and no lock of the process around I/O (F16)."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import BrokenBarrierError
from typing import Any

import psycopg
import pytest
from redis import Connection
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from tests.integration.bare import Browser, Note, bare, engine_of, make_tables
from tests.integration.client import together
from tests.servers import PostgresServer, RedisServer
from tests.shops import Visitor

POOL = 15
"""What SQLAlchemy opens at most unless it is told: five, and ten more."""
MANY = 24
VISITORS = 8


@pytest.fixture
def shop(start_shop: Callable[..., Any], postgres_url: str) -> Any:
    return start_shop("database", **{"sqlalchemy.url": postgres_url})


@pytest.fixture
def customer(shop: Any) -> Visitor:
    visitor = Visitor(shop)
    visitor.log_in()
    visitor.send("/cart/items", sku="sejak")
    return visitor


def tab(customer: Visitor) -> Visitor:
    """Another window of the same browser."""
    other = Visitor(customer.app)
    other.cookiejar = customer.cookiejar
    return other


class Connections:
    """How many each thread, and so each request, has from the pool at a time."""

    def __init__(self, engine: Engine) -> None:
        self.most = 0
        self.taken: Callable[[], None] = lambda: None
        """Called by a request that has just taken its first."""
        self._held: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._engine = engine

    def _checkout(self, *_: Any) -> None:
        with self._lock:
            self._held[threading.get_ident()] += 1
            held = self._held[threading.get_ident()]
            self.most = max(self.most, held)
        if held == 1:
            self.taken()

    def _checkin(self, *_: Any) -> None:
        with self._lock:
            self._held[threading.get_ident()] -= 1

    @contextmanager
    def counted(self) -> Iterator["Connections"]:
        event.listen(self._engine, "checkout", self._checkout)
        event.listen(self._engine, "checkin", self._checkin)
        yield self
        event.remove(self._engine, "checkout", self._checkout)
        event.remove(self._engine, "checkin", self._checkin)


def bad_quantity(visitor: Visitor) -> Any:
    fields = {"csrf_token": visitor.token(), "sku": "sejak", "quantity": "-1"}
    return visitor.post("/cart/items", fields)


PAGES: dict[str, tuple[int, Callable[[Visitor], Any]]] = {
    "cart": (200, lambda visitor: visitor.get("/cart")),
    "no such page": (404, lambda visitor: visitor.get("/no/such/page")),
    "no such product": (404, lambda visitor: visitor.get("/products/nothing")),
    "no such order": (404, lambda visitor: visitor.get("/orders/0123456789ABCDEF")),
    "wrong method": (404, lambda visitor: visitor.put("/cart")),
    "no token": (400, lambda visitor: visitor.post("/cart/items", {"sku": "sejak"})),
    "bad quantity": (400, bad_quantity),
    "no such session": (404, lambda visitor: visitor.send("/account/sessions/0123/revoke")),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_request_takes_one_connection_F16(shop: Any, customer: Visitor, page: str) -> None:
    status, ask = PAGES[page]
    with Connections(engine_of(shop)).counted() as connections:
        assert ask(customer).status_int == status
    assert connections.most == 1


@pytest.mark.parametrize("page", ["no such page", "no such product", "no such order"])
def test_error_pages_at_once_do_not_wait_for_one_another_F16(
    shop: Any, customer: Visitor, page: str
) -> None:
    """The pool is empty before any of them goes on; who took one needs no second."""
    full = threading.Barrier(POOL)

    def meet() -> None:
        with suppress(BrokenBarrierError):
            full.wait(1)

    status, ask = PAGES[page]
    tabs = [tab(customer) for _ in range(MANY)]
    with Connections(engine_of(shop)).counted() as connections:
        connections.taken = meet
        answers = together(partial(ask, one) for one in tabs)
    assert Counter(answer.status_int for answer in answers) == {status: MANY}


@pytest.fixture
def own_url(postgres_server: PostgresServer) -> Iterator[str]:
    yield make_tables(postgres_server.create_database("one_connection"))
    postgres_server.drop_database("one_connection")


@pytest.mark.parametrize("loaded", [True, False])
def test_an_error_view_that_uses_the_session_takes_one_connection_F16(
    own_url: str, loaded: bool
) -> None:
    """Also in an application that is not the shop, with rows of its own in the transaction."""

    def oops(request: Any) -> None:
        if loaded:
            request.session["seen"] = 1
        request.dbsession.add(Note())
        request.dbsession.flush()
        raise ZeroDivisionError

    def told(error: Exception, request: Any) -> dict[str, Any]:
        request.session.flash("sorry")
        return {}

    def with_view(config: Any) -> None:
        config.add_exception_view(told, context=ZeroDivisionError, renderer="json")

    settings = {"session.strategy": "database", "sqlalchemy.url": own_url}
    with bare(settings, with_view) as app:
        browser = Browser(app).begin(n=0)
        with Connections(engine_of(app)).counted() as connections:
            browser.do(oops)
        assert connections.most == 1
        assert browser.look() == {"n": 0, "_f_": ["sorry"], "owner": None}


# -- everybody waits for himself


class Meeting:
    """Where each visitor is held at the first wait for a store, until all are there. With a lock of
    the process around such a wait the second would never arrive.
    """

    def __init__(self) -> None:
        self._all = threading.Barrier(VISITORS)
        self._been: set[int] = set()
        self.held = False

    def arrive(self, *_: Any) -> None:
        if self.held and threading.get_ident() not in self._been:
            self._been.add(threading.get_ident())
            self._all.wait(20)

    def of(self, ask: Callable[[Visitor], Any], visitors: list[Visitor]) -> Counter[int]:
        self.held = True
        answers = together(partial(ask, one) for one in visitors)
        self.held = False
        assert len(self._been) == VISITORS
        return Counter(answer.status_int for answer in answers)


WHAT: dict[str, Callable[[str, Visitor], Any]] = {
    "catalog": lambda token, visitor: visitor.get("/"),
    "add": lambda token, visitor: visitor.post(
        "/cart/items", {"csrf_token": token, "sku": "sejak"}
    ),
}


@pytest.mark.parametrize("what", ["catalog", "add"])
def test_a_locked_table_holds_each_visitor_for_his_own_time_F16(
    shop: Any, customer: Visitor, postgres_url: str, what: str
) -> None:
    meeting = Meeting()
    event.listen(engine_of(shop), "before_cursor_execute", meeting.arrive)
    ask = partial(WHAT[what], customer.token())
    visitors = [tab(customer) for _ in range(VISITORS)]
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string()
    with psycopg.connect(plain) as other:
        other.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
        found = meeting.of(ask, visitors)
    assert found.keys() <= {503, 200 if what == "catalog" else 503}


@pytest.mark.parametrize("what", WHAT)
def test_a_hung_redis_holds_each_visitor_for_his_own_time_F16(
    start_shop: Callable[..., Any], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, read = Meeting(), Connection.read_response

    def waits(self: Connection, *args: Any, **options: Any) -> Any:
        meeting.arrive()
        return read(self, *args, **options)

    monkeypatch.setattr(Connection, "read_response", waits)
    with RedisServer() as server:
        limits = {"session.redis.url": server.url, "session.redis.timeout": "1"}
        visitor = Visitor(start_shop("redis", **limits))
        visitor.send("/cart/items", sku="sejak")
        ask = partial(WHAT[what], visitor.token())
        visitors = [tab(visitor) for _ in range(VISITORS)]
        server.pause()
        found = meeting.of(ask, visitors)
        server.resume()
    assert found == {200 if what == "catalog" else 503: VISITORS}
