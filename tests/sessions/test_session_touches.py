"""What a read costs the database now and then, and how long it makes the session live."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.sessions.bare import STORES, MakePlace
from tests.sessions.beds import Clock
from tests.sessions.visitor import Visitor
from tests.shops import Visitor as Shopper

LIMITS = {"idle_timeout": "100", "touch_interval": "60", "absolute_timeout": "1000"}
IN_SQL = ("sqlite", "postgresql")


def read(request: Any) -> Any:
    return request.session.get("a")


# -- what a touch costs


@contextmanager
def updates_sent(engine: Engine) -> Iterator[list[str]]:
    """The UPDATE statements that leave this process meanwhile."""
    sent: list[str] = []

    def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.lstrip().upper().startswith("UPDATE"):
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    yield sent
    event.remove(engine, "before_cursor_execute", listen)


def read_together(visitor: Visitor, app: Any, tabs: int) -> None:
    """Every one has read before the first answers, as the parts of one page do."""
    barrier = threading.Barrier(tabs)

    def act(request: Any) -> Any:
        found = read(request)
        barrier.wait(20)
        return found

    with ThreadPoolExecutor(tabs) as threads:
        visitors = [Visitor(app, cookie=visitor.cookie) for _ in range(tabs)]
        for one in visitors:
            one.method = "GET"
        assert list(threads.map(lambda one: one.do(act), visitors)) == [1] * tabs


@pytest.mark.parametrize("store", IN_SQL)
def test_parallel_reads_send_one_touch(make_place: MakePlace, clock: Clock, store: str) -> None:
    place = make_place(store)
    assert place.engine
    app = place.open(**LIMITS)
    visitor = Visitor(app)
    visitor.put(a=1)
    for _ in range(2):  # the second time, too
        clock.now += 61
        with updates_sent(place.engine) as sent:
            read_together(visitor, app, tabs=6)
            assert visitor.do(read) == 1
        assert len(sent) == 1


@pytest.mark.parametrize("store", IN_SQL)
def test_the_touch_of_parallel_reads_counts_S8(
    make_place: MakePlace, clock: Clock, store: str
) -> None:
    app = make_place(store).open(**LIMITS)
    visitor = Visitor(app)
    visitor.put(a=1)
    clock.now += 61
    read_together(visitor, app, tabs=6)
    clock.now += 99
    assert visitor.do(read) == 1


@pytest.mark.parametrize("store", IN_SQL)
def test_touch_of_a_request_that_failed_is_made_up_for_S8(
    make_place: MakePlace, clock: Clock, store: str
) -> None:
    """Who has undertaken to send the touch for all may not come to it."""
    visitor = Visitor(make_place(store).open(**LIMITS))
    visitor.put(a=1)
    clock.now += 61

    def act(request: Any) -> None:
        read(request)
        request.tm.doom()

    visitor.do(act)
    assert visitor.do(read) == 1
    clock.now += 99
    assert visitor.do(read) == 1


# -- what is promised


@pytest.mark.parametrize("store", ["memory", "redis", *IN_SQL])
def test_session_lives_until_the_time_it_tells_S8(
    make_place: MakePlace, clock: Clock, store: str
) -> None:
    place = make_place(store)
    visitor = Visitor(place.open(**LIMITS))
    visitor.put(a=1)
    place.advance(clock, 50)  # between two touches
    place.advance(clock, told(visitor) - clock.now - 2)
    assert visitor.do(read) == 1


@pytest.mark.parametrize("store", STORES)
def test_session_does_not_live_beyond_the_time_it_tells_S8(
    make_place: MakePlace, clock: Clock, store: str
) -> None:
    place = make_place(store)
    visitor = Visitor(place.open(**LIMITS))
    visitor.put(a=1)
    place.advance(clock, 50)
    place.advance(clock, told(visitor) - clock.now + 1)
    assert visitor.do(read) is None


def told(visitor: Visitor) -> float:
    """When the session ends if nothing more is asked."""
    return float(visitor.do(lambda request: request.session.expires))


@pytest.mark.parametrize("store", STORES)
def test_session_promises_no_more_than_the_absolute_limit_S8(
    make_place: MakePlace, clock: Clock, store: str
) -> None:
    place = make_place(store)
    visitor = Visitor(place.open(**LIMITS))
    began = clock.now
    visitor.put(a=1)
    for _ in range(15):
        place.advance(clock, 62)
        visitor.do(read)
    assert visitor.do(lambda request: request.session.expires) == pytest.approx(began + 1000)
    place.advance(clock, began + 1001 - clock.now)
    assert visitor.do(read) is None


@pytest.mark.parametrize("store", STORES)
def test_expires_of_the_request_that_writes_S8(
    make_place: MakePlace, clock: Clock, store: str
) -> None:
    """A write moves the limit, also in the request that reads `expires` after it."""
    place = make_place(store)
    visitor = Visitor(place.open(**LIMITS))
    visitor.put(a=1)
    place.advance(clock, 50)

    def act(request: Any) -> Any:
        request.session["a"] = 2
        return request.session.expires

    promised = visitor.do(act)
    assert promised <= clock.now + 100
    place.advance(clock, promised - clock.now - 2)
    assert visitor.do(read) == 2


@pytest.mark.parametrize("store", ["memory", "redis", "sqlite", "custom"])
def test_session_json_promises_what_is_kept_S8(
    store: str, start_shop: Callable[..., Any], make_place: MakePlace, clock: Clock
) -> None:
    place = make_place(store)
    settings = {f"session.{name}": value for name, value in LIMITS.items()}
    shop = start_shop("database" if store == "sqlite" else store, **settings)
    early, late = Shopper(shop), Shopper(shop)
    for shopper in (early, late):
        assert shopper.log_in().status_int == 303
    place.advance(clock, 50)
    expires = [shopper.state()["expires"] for shopper in (early, late)]
    place.advance(clock, min(expires) - clock.now - 2)
    assert early.state()["user"] == "demo"
    place.advance(clock, max(expires) - clock.now + 2)
    assert late.state()["user"] is None
