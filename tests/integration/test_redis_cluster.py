"""The shop on a Redis Cluster of which one master is lost, and comes back (F11)."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
import redis

from demoapp.sessions.ids import Ids
from demoapp.sessions.redis.client import Script
from demoapp.sessions.redis.format import name_of
from demoapp.sessions.redis.url import connect
from tests.integration.client import Client
from tests.integration.conftest import DEVELOPMENT
from tests.processes import Shop, wait_until
from tests.servers import RedisServer
from tests.shops import SECRET, copy_sqlite
from tests.topologies import Clustered, tell

TIMEOUT = 0.25
VISITORS = 12


@pytest.fixture(scope="module")
def clustered() -> Iterator[Clustered]:
    with Clustered() as clustered:
        yield clustered


@pytest.fixture
def shop(clustered: Clustered, seeded_file: Path, tmp_path: Path) -> Iterator[Shop]:
    settings = {
        "session.secret": SECRET,
        "session.redis.url": clustered.url,
        "sqlalchemy.url": copy_sqlite(seeded_file, tmp_path),
    }
    with Shop(DEVELOPMENT, "redis", settings=settings) as shop:
        yield shop


@pytest.fixture
def visitors(shop: Shop) -> Iterator[list[Client]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Client(shop.base_url)).open() for _ in range(VISITORS)]


def node_of(clustered: Clustered, visitor: Client) -> RedisServer:
    key = Ids((SECRET,)).key(visitor.cookies["session"])
    return clustered.node_of(name_of(key))


def test_only_the_sessions_of_a_lost_node_are_lost_until_it_returns_F11(
    clustered: Clustered,
    visitors: list[Client],
    record_property: Callable[[str, object], None],
) -> None:
    for quantity, visitor in enumerate(visitors, 1):
        assert visitor.log_in().status == 303
        assert visitor.add(quantity=quantity).status == 303
    gone = node_of(clustered, visitors[0])
    lost = [visitor for visitor in visitors if node_of(clustered, visitor) is gone]
    others = [visitor for visitor in visitors if visitor not in lost]
    assert others
    gone.kill()
    for visitor in lost:
        before = dict(visitor.cookies)
        answer = visitor.get("/session.json")
        assert (answer.status, bool(answer.headers["Retry-After"])) == (503, True)
        assert visitor.get("/").status == 200
        assert visitor.cookies == before
    took = []
    for visitor in others:
        begun = time.perf_counter()
        assert visitor.add().status == 303
        assert visitor.state()["user"] == "demo"
        took.append(time.perf_counter() - begun)
    gone.start()
    begun = time.perf_counter()
    assert wait_until(lambda: lost[0].get("/session.json").status == 200, 20)
    record_property("back_after", round(time.perf_counter() - begun, 2))
    record_property("others_took", round(sorted(took)[len(took) // 2], 3))
    for quantity, visitor in enumerate(visitors, 1):
        state = visitor.state()
        assert state["user"] == "demo"
        assert state["cart"]["quantity"] == quantity + (visitor in others)


def test_the_list_of_a_users_sessions_reaches_over_all_nodes_S7(
    clustered: Clustered, visitors: list[Client]
) -> None:
    devices = visitors[:6]
    for device in devices:
        assert device.log_in("minji").status == 303
    assert len({node_of(clustered, device).port for device in devices}) > 1
    assert devices[0].get("/account/sessions").text.count("/revoke") >= 5
    assert devices[0].post("/account/sessions/revoke-others").status == 303
    assert [device.state()["user"] for device in devices] == ["minji"] + [None] * 5


def test_a_script_needs_only_the_node_that_runs_it(clustered: Clustered) -> None:
    """redis-py would load it into all of them first."""
    client = connect(clustered.url, TIMEOUT)
    client.ping()
    for node in clustered.nodes:
        tell(node, "SCRIPT FLUSH")
    gone = clustered.node_of("{0}")
    gone.kill()
    try:
        script = Script(client, "return KEYS[1]")
        here = next(f"{{{n}}}" for n in range(99) if clustered.node_of(f"{{{n}}}") is not gone)
        assert script(keys=[here], args=[]) == here.encode()
    finally:
        gone.start()
        client.close()
        assert wait_until(clustered.complete, 20)


def test_a_node_that_hangs_costs_one_timeout_F11(
    clustered: Clustered, waited: list[tuple[int, float]]
) -> None:
    client = connect(clustered.url, TIMEOUT)
    client.ping()
    hung = clustered.node_of("{0}")
    hung.pause()
    try:
        for _ in range(2):  # also when the map of the Cluster has been asked for again
            with pytest.raises(redis.TimeoutError) as raised:
                client.get("{0}")
            assert [seconds for _, seconds in waited] == [TIMEOUT]
            waited.clear()
            assert client.server_in(raised.value) == client.server_of("{0}") != ""
    finally:
        hung.resume()
        client.close()


@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
def test_when_all_nodes_hang_nobody_waits_for_all_the_others_F11(
    clustered: Clustered, known: bool, waited: list[tuple[int, float]]
) -> None:
    """redis-py alone asks all nodes in each thread, one thread after the other: 6 s for eight."""
    client = connect(clustered.url, TIMEOUT)
    if known:
        client.ping()
    together = Barrier(8)

    def wait(_: int) -> int:
        together.wait()
        with pytest.raises(redis.RedisError):
            client.get("any")
        return threading.get_ident()

    for node in clustered.nodes:
        node.pause()
    try:
        with ThreadPoolExecutor(8) as pool:
            threads = list(pool.map(wait, range(8)))
    finally:
        for node in clustered.nodes:
            node.resume()
    asked = sorted(sum(thread == one for thread, _ in waited) for one in threads)
    assert asked[-1] <= len(clustered.nodes) + 1
    assert asked[4] <= 1  # and for the one who asks them all, no longer than that
    assert {seconds for _, seconds in waited} == {TIMEOUT}
    assert wait_until(clustered.complete, 20)
    client.close()


def test_a_late_answer_is_nobody_elses(clustered: Clustered) -> None:
    client = connect(clustered.url, TIMEOUT)
    client.set("{0}mine", 1)
    client.set("{0}yours", 2)
    tell(clustered.node_of("{0}"), "CLIENT PAUSE", 400, "ALL")
    with pytest.raises(redis.TimeoutError):
        client.get("{0}mine")
    assert client.get("{0}yours") == b"2"
    client.close()


def test_a_cluster_that_is_down_is_found_when_it_is_up_F11(clustered: Clustered) -> None:
    client = connect(clustered.url, TIMEOUT)
    for node in clustered.nodes:
        node.stop()
    try:
        assert client.server_of("any") == ""
        with pytest.raises(redis.ConnectionError) as raised:
            client.get("any")
        assert client.server_in(raised.value) == ""
    finally:
        for node in clustered.nodes:
            node.start()
    assert wait_until(clustered.complete, 20)
    assert client.get("any") is None
    client.close()
