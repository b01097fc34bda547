"""The shop on a master that three Sentinels watch, while that master hangs and dies (F11)."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
import redis
from sqlalchemy import create_engine, text

from demoapp.sessions.redis.url import connect
from tests.integration.client import Client
from tests.integration.conftest import DEVELOPMENT
from tests.processes import Shop, wait_until
from tests.servers import RedisServer
from tests.shops import copy_sqlite
from tests.topologies import Watched, tell

TIMEOUT = 0.25
ADDERS, BUYERS = 4, 2
LONGEST = 15
"""Seconds until the shop goes on; it takes two or three where nothing else runs."""


def sql(url: str, statement: str) -> set[str]:
    """The values in the first column, if there is one."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return set(result.scalars()) if result.returns_rows else set()
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with Watched() as watched:
        yield watched


@pytest.fixture(scope="module")
def database_url(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = copy_sqlite(seeded_file, tmp_path_factory.mktemp("sentinel"))
    sql(url, "UPDATE product SET stock = 100000")
    return url


@pytest.fixture(scope="module")
def shop(watched: Watched, database_url: str) -> Iterator[Shop]:
    settings = {"session.redis.url": watched.url, "sqlalchemy.url": database_url}
    with Shop(DEVELOPMENT, "redis", settings=settings) as shop:
        yield shop


@dataclass
class Story:
    """What one visitor was told, and when."""

    client: Client
    answers: list[tuple[float, int]] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)

    def acknowledged(self, begin: float = 0, end: float = float("inf")) -> int:
        return sum(status == 303 and begin <= when <= end for when, status in self.answers)

    def back_after(self, moment: float) -> float:
        """When something was written again for the first time; 0 before that."""
        failed = [when for when, status in self.answers if when > moment and status == 503]
        since = failed[0] if failed else moment
        return next((w for w, s in self.answers if w > since and s == 303), 0)


@pytest.fixture
def stories(shop: Shop) -> Iterator[list[Story]]:
    with ExitStack() as stack:
        count = range(ADDERS + BUYERS)
        yield [Story(stack.enter_context(Client(shop.base_url)).open()) for _ in count]


def add(story: Story) -> None:
    status = story.client.add().status
    story.answers.append((time.monotonic(), status))


def buy(story: Story) -> None:
    """Fill a cart and order it; each step may be refused."""
    add(story)
    seen = story.client.get("/session.json")
    if story.answers[-1][1] == 303 and seen.status == 200:
        answer = story.client.order(json.loads(seen.text)["cart"]["id"])
        story.answers.append((time.monotonic(), answer.status))
        if answer.status == 303:
            story.orders.append(answer.location)


def go_on(act: Callable[[Story], None], story: Story, stop: Event) -> None:
    while not stop.wait(0.05):
        act(story)


@pytest.mark.parametrize("end", [RedisServer.pause, RedisServer.kill], ids=["hangs", "dies"])
def test_the_shop_goes_on_with_another_master_F11(
    stories: list[Story],
    watched: Watched,
    database_url: str,
    end: Callable[[RedisServer], None],
    record_property: Callable[[str, object], None],
) -> None:
    for story in stories:
        assert story.client.log_in("minji").status == 303
    cookies = [dict(story.client.cookies) for story in stories]
    adders, buyers = stories[:ADDERS], stories[ADDERS:]
    stop = Event()
    with ThreadPoolExecutor(len(stories)) as pool:
        tasks = [pool.submit(go_on, add, story, stop) for story in adders]
        tasks += [pool.submit(go_on, buy, story, stop) for story in buyers]
        time.sleep(1.5)
        master, ended = watched.master, time.monotonic()
        end(master)
        went_on = wait_until(lambda: all(s.back_after(ended) for s in stories), LONGEST)
        master.start() if not master.running else master.resume()
        time.sleep(1)  # it comes back as a replica, and nobody minds
        stop.set()
        for task in tasks:
            task.result()
    assert went_on
    assert [story.client.cookies for story in stories] == cookies  # nobody was logged out
    assert {status for story in adders for _, status in story.answers} <= {303, 503}
    # "Your cart has changed": what was put into it last is lost, and the page shows so
    assert {status for story in buyers for _, status in story.answers} <= {303, 400, 503}
    back = max(story.back_after(ended) for story in stories)
    lost, at_risk = 0, 0
    for story in adders:
        lost += (this := story.acknowledged() - story.client.in_cart())
        at_risk += (limit := story.acknowledged(ended - 1, back))
        assert 0 <= this <= limit  # at most the last second
    assert sum(story.acknowledged(0, ended - 1) for story in adders) > 10
    check_orders(buyers, database_url)
    record_property("seconds", round(back - ended, 2))
    record_property("lost", f"{lost} of {at_risk} that were answered in the last second")


def check_orders(buyers: list[Story], database_url: str) -> None:
    """None is lost, whatever the session remembers."""
    numbers = {order.rpartition("/")[2] for story in buyers for order in story.orders}
    assert len(numbers) > 2
    assert numbers <= sql(database_url, "SELECT number FROM purchase")
    for story in buyers:
        assert story.client.get(story.orders[-1]).status == 200
        assert story.client.state()["user"] == "minji"


def test_a_late_answer_is_nobody_elses(watched: Watched) -> None:
    """redis-py would give it to the next one who asks on this connection."""
    with connect(watched.url, TIMEOUT) as client:
        client.mset({"mine": "1", "yours": "2"})
        tell(watched.master, "CLIENT PAUSE", 400, "ALL")
        with pytest.raises(redis.TimeoutError):
            client.get("mine")
        assert client.get("yours") == b"2"


def test_silent_sentinels_do_not_hold_a_page_F11(
    watched: Watched, waited: list[tuple[int, float]]
) -> None:
    """They are not asked while the master answers; and all of them wait no longer than one."""
    with connect(watched.url, TIMEOUT) as known, connect(watched.url, TIMEOUT) as new:
        known.ping()
        for sentinel in watched.sentinels:
            sentinel.pause()
        try:
            assert known.ping()
            assert waited == []
            with pytest.raises(redis.ConnectionError, match="No master found"):
                new.ping()
            assert sum(seconds for _, seconds in waited) == pytest.approx(2 * TIMEOUT)
        finally:
            for sentinel in watched.sentinels:
                sentinel.resume()
