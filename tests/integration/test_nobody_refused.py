"""Nobody is refused because others are there (F15): on each store, all at once.

The views meet at a barrier, so that each attempt has read before any has written.
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from threading import BrokenBarrierError, Event
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from demoapp.sessions.ini import SettingsError
from tests.cutting import RedisProxy
from tests.integration.bare import Again, Browser, Note, add, attempt, bare, make_tables
from tests.integration.client import together
from tests.processes import wait_until
from tests.servers import PostgresServer, RedisServer

STORES = ("memory", "redis", "sqlite", "postgresql")


@pytest.fixture
def settings_of(
    redis_server: RedisServer, postgres_server: PostgresServer, tmp_path: Path
) -> Iterator[Callable[[str], dict[str, str]]]:
    """`settings_of("sqlite")`: an empty store of that kind."""
    created: list[str] = []

    def make(store: str) -> dict[str, str]:
        if store == "memory":
            return {"session.strategy": "memory"}
        if store == "redis":
            return {"session.strategy": "redis", "session.redis.url": redis_server.url}
        if store == "sqlite":
            url = f"sqlite:///{tmp_path / 'x.sqlite'}"
        else:
            created.append(f"refused_{uuid4().hex}")
            url = postgres_server.create_database(created[-1])
        return {"session.strategy": "database", "sqlalchemy.url": make_tables(url)}

    yield make
    for name in created:
        postgres_server.drop_database(name)


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """To look at a database from outside."""
    plain = make_url(url).set(drivername="postgresql").render_as_string()
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection


def all_have_read(parties: int) -> Callable[[Any], None]:
    """Called in a view: the first attempts wait for one another, replays do not."""
    barrier = threading.Barrier(parties)

    def meet(request: Any) -> None:
        if not attempt(request):
            with suppress(BrokenBarrierError):  # those that lock at once never meet
                barrier.wait(5)

    return meet


def adds_at_once(app: Any, count: int) -> tuple[Counter[int], int]:
    """So many tabs of one browser add once each: the statuses, and what was kept.

    A replay takes its time, so that those that did not wait for one another collide again.
    """
    browser = Browser(app).begin(n=0)
    meet = all_have_read(count)

    def act(request: Any) -> None:
        add(request)
        meet(request)
        if attempt(request):
            time.sleep(0.02)

    tabs = [browser.tab() for _ in range(count)]
    together(partial(tab.do, act) for tab in tabs)
    return Counter(tab.status for tab in tabs), browser.look()["n"]


# -- isolation


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_another_isolation_refuses_nobody_or_does_not_start_F15(
    settings_of: Callable[[str], dict[str, str]], level: str
) -> None:
    settings = settings_of("postgresql")
    url = settings["sqlalchemy.url"]
    with connected(url) as other:
        name = make_url(url).database
        other.execute(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{level}'")
    with ExitStack() as stack:
        try:
            app = stack.enter_context(bare(settings))
        except SettingsError as err:
            assert level != "read committed"
            assert len(str(err).splitlines()) == 1
        else:
            assert adds_at_once(app, 8) == (Counter({200: 8}), 8)


# -- locks of the application's own


def session_first(product: int, request: Any) -> None:
    add(request)
    take(product, request)


def product_first(product: int, request: Any) -> None:
    take(product, request)
    add(request)


def take(product: int, request: Any) -> None:
    """Lock a row as a shop takes from its stock."""
    where = {"product": product}
    request.dbsession.execute(text("SELECT FROM note WHERE id = :product FOR UPDATE"), where)


def deadlocks(url: str) -> int:
    """Counted by PostgreSQL since the database was created; told when a backend has ended."""
    name = {"name": make_url(url).database}
    with connected(str(make_url(url).set(database="postgres"))) as other:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = %(name)s"
        assert wait_until(lambda: other.execute(others, name).fetchone() == (0,), 5)
        figures = "SELECT deadlocks FROM pg_stat_database WHERE datname = %(name)s"
        found = other.execute(figures, name).fetchone()
        return int(found[0]) if found else -1


@pytest.mark.parametrize(
    "views",
    [(session_first,), (session_first, product_first)],
    ids=["session first", "either first"],
)
def test_locks_of_the_application_beside_the_session_cannot_deadlock_F15(
    settings_of: Callable[[str], dict[str, str]], views: tuple[Callable[..., None], ...]
) -> None:
    settings = settings_of("postgresql")
    with bare(settings) as app:
        Browser(app).do(lambda request: request.dbsession.add_all([Note(id=1), Note(id=2)]))
        browsers = [Browser(app).begin(n=0) for _ in range(2)]

        def many(worker: int) -> list[int]:
            tab = browsers[worker % 2].tab()
            statuses = []
            for turn in range(3):
                view = views[(worker // 4 + turn) % len(views)]
                tab.do(partial(view, 1 + (worker // 2 + turn) % 2))
                statuses.append(tab.status)
            return statuses

        statuses = together(partial(many, worker) for worker in range(12))
        assert Counter(chain(*statuses)) == {200: 36}
        assert [browser.look()["n"] for browser in browsers] == [18, 18]
    assert deadlocks(settings["sqlalchemy.url"]) == 0


# -- who reads before the transaction


def reads_first(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:
    """A tween that greets by name, or limits by user: common, and outside pyramid_tm."""

    def tween(request: Any) -> Any:
        request.session.get("n")
        return handler(request)

    return tween


def with_tween(config: Any) -> None:
    config.add_tween(f"{__name__}.reads_first", over="pyramid_tm.tm_tween_factory")


@pytest.mark.parametrize("store", STORES)
def test_a_tween_over_the_transaction_that_reads_refuses_nobody_F15(
    settings_of: Callable[[str], dict[str, str]], store: str
) -> None:
    with bare(settings_of(store), with_tween) as app:
        assert adds_at_once(app, 12) == (Counter({200: 12}), 12)


# -- many, and slow ones


@pytest.mark.parametrize("store", STORES)
def test_64_tabs_are_none_too_many_F15(
    settings_of: Callable[[str], dict[str, str]], store: str
) -> None:
    """No barrier in the view: there are fewer connections than tabs."""
    with bare(settings_of(store)) as app:
        browser = Browser(app).begin(n=0)
        tabs = [browser.tab() for _ in range(64)]
        together(partial(tab.do, add) for tab in tabs)
        assert Counter(tab.status for tab in tabs) == {200: 64}
        assert browser.look()["n"] == 64


def slow_adds_at_once(settings: dict[str, str]) -> tuple[Counter[int], int]:
    """Three writers; the second and the third are replayed, and take six seconds then."""
    meet = all_have_read(3)

    def act(request: Any) -> None:
        add(request)
        meet(request)
        if attempt(request):
            time.sleep(6)

    with bare(settings) as app:
        browser = Browser(app).begin(n=0)
        tabs = [browser.tab() for _ in range(3)]
        together(partial(tab.do, act) for tab in tabs)
        return Counter(tab.status for tab in tabs), browser.look()["n"]


def test_a_view_of_six_seconds_refuses_nobody_F15(
    settings_of: Callable[[str], dict[str, str]],
) -> None:
    """All stores side by side: the test takes as long as one of them."""
    with ThreadPoolExecutor(len(STORES)) as pool:
        results = pool.map(slow_adds_at_once, map(settings_of, STORES))
        found = dict(zip(STORES, results, strict=True))
    assert found == dict.fromkeys(STORES, (Counter({200: 3}), 3))


# -- first come, first served


class Waiter:
    """A replay in a thread of its own, in a process of its own where the store can be shared."""

    def __init__(self, name: str, browser: Browser) -> None:
        self.name = name
        self.browser = browser
        self.begun = Event()
        self.thread = threading.Thread(target=browser.do, args=(self._act,), daemon=True)

    def _act(self, request: Any) -> None:
        if not attempt(request):
            raise Again
        self.begun.set()
        request.session["order"] = [*request.session["order"], self.name]


def holding(
    browser: Browser, held: Event, release: Event, then: Callable[[], None]
) -> threading.Thread:
    """A replay that has the session until it is told to go on."""

    def act(request: Any) -> None:
        if not attempt(request):
            raise Again
        request.session["held"] = True
        held.set()
        assert release.wait(20)

    def run() -> None:
        browser.do(act)
        then()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def queue_up(
    browser: Browser,
    waiters: list[Waiter],
    queued: Callable[[Waiter], bool],
    then: Callable[[], None] = lambda: None,
) -> Any:
    """Hold the session, let them queue one after the other, let go: who was served when.

    `then` is what the thread that held it does at once.
    """
    held, release = Event(), Event()
    holder = holding(browser.tab(), held, release, then)
    try:
        assert held.wait(5)
        for waiter in waiters:
            waiter.thread.start()
            assert waiter.begun.wait(5)
            assert wait_until(partial(queued, waiter), 5), waiter.name
    finally:
        release.set()
        for thread in (holder, *(waiter.thread for waiter in waiters)):
            if thread.ident:
                thread.join(20)
    return browser.look()["order"]


NAMES = list("abcdef")


def test_waiting_is_in_order_of_arrival_on_postgresql_F15(
    settings_of: Callable[[str], dict[str, str]],
) -> None:
    """Twelve, and three times, as it may be right by chance."""
    settings = settings_of("postgresql")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
    database = make_url(settings["sqlalchemy.url"]).database
    names = [*NAMES, *map(str.upper, NAMES)]
    with bare(settings) as app, connected(settings["sqlalchemy.url"]) as other:
        for _ in range(3):
            browser = Browser(app).begin(order=[])
            waiters = [Waiter(name, browser.tab()) for name in names]

            def queued(waiter: Waiter) -> bool:
                waiting = sum(one.thread.is_alive() for one in waiters)  # noqa: B023
                return other.execute(waits, (database,)).fetchone() == (waiting,)

            assert queue_up(browser, waiters, queued) == names


def test_waiting_is_in_order_of_arrival_on_redis_F15(redis_server: RedisServer) -> None:
    """Each waiter has a proxy, which sees it ask: three times, or once without an answer yet."""
    settings = {
        "session.strategy": "redis",
        "session.redis.url": redis_server.url,
        "session.redis.timeout": "20",  # however slow the machine
    }
    with ExitStack() as stack:
        browser = Browser(stack.enter_context(bare(settings))).begin(order=[])
        proxies = {n: stack.enter_context(RedisProxy(redis_server.port)) for n in NAMES}
        waiters = []
        for name, proxy in proxies.items():
            app = stack.enter_context(bare({**settings, "session.redis.url": proxy.url}))
            browser.tab(app).look()  # connected
            proxy.asked = proxy.answered = 0
            waiters.append(Waiter(name, browser.tab(app)))

        def queued(waiter: Waiter) -> bool:
            proxy = proxies[waiter.name]
            return proxy.answered >= 3 or stays(lambda: proxy.asked > proxy.answered)

        assert queue_up(browser, waiters, queued) == NAMES


def stays(condition: Callable[[], bool]) -> bool:
    return not wait_until(lambda: not condition(), 0.05)


@pytest.fixture
def no_hurry() -> Iterator[None]:
    """A thread goes on until it has to wait, so that who could push in does."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("no_hurry")
def test_waiting_is_in_order_of_arrival_on_memory_F15() -> None:
    """The last one comes when the session is let go, and is served last all the same."""
    with bare({"session.strategy": "memory"}) as app:
        browser = Browser(app).begin(order=[])
        waiters = [Waiter(name, browser.tab()) for name in NAMES]
        late = Waiter("late", browser.tab())
        assert queue_up(browser, waiters, stands, late.thread.run) == [*NAMES, "late"]


def stands(waiter: Waiter) -> bool:
    """A thread that waits is seen from outside: it stays at one instruction until it is woken."""

    def where() -> tuple[int, int] | None:
        frame = sys._current_frames().get(waiter.thread.ident or 0)
        return (id(frame), frame.f_lasti) if frame else None

    here = where()
    return stays(lambda: where() == here)
