"""Many at once, over two processes: nothing is lost, nobody is refused, nothing is sold twice."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from tests.integration.client import Client, order_number, together
from tests.integration.conftest import Deployment
from tests.processes import wait_until

WRITERS, ADDS = 32, 10
BUYERS, STOCK = 300, 100
FEW = 60, 20


@pytest.fixture
def measured(
    deployment: Deployment, record_property: Callable[[str, object], None]
) -> Callable[[], Any]:
    """A context manager that writes seconds and replays into the JUnit report."""

    @contextmanager
    def measure() -> Iterator[None]:
        replays, begun = deployment.replays(), time.perf_counter()
        yield
        record_property("seconds", round(time.perf_counter() - begun, 2))
        record_property("replays", deployment.replays() - replays)

    return measure


def test_every_parallel_add_to_one_cart_is_kept_F8(
    deployment: Deployment,
    measured: Callable[[], Any],
    record_property: Callable[[str, object], None],
) -> None:
    with deployment.client().open() as first:
        assert first.add().status == 303

        def add(writer: int) -> list[int]:
            with deployment.client(writer) as tab:
                tab.cookies = first.cookies  # the tabs of one browser
                return [tab.add().status for _ in range(ADDS)]

        with measured():
            rows = together(partial(add, writer) for writer in range(WRITERS))
        kept = first.in_cart()
        record_property("kept", kept)
        assert Counter(chain(*rows)) == {303: WRITERS * ADDS}  # nobody refused
        if deployment.strategy == "custom":  # documented: the last answer wins
            assert 1 < kept <= 1 + WRITERS * ADDS
        else:
            assert kept == 1 + WRITERS * ADDS


def test_a_cart_sent_300_times_is_one_order_F6(
    deployment: Deployment, measured: Callable[[], Any]
) -> None:
    with deployment.client().open() as first:
        assert first.add("ujeon", quantity=2).status == 303
        cart_id = first.state()["cart"]["id"]

    def submit(number: int) -> tuple[int, str]:
        """The order that this answer leads to."""
        with deployment.client(number, first.cookies) as client:
            answer = client.order(cart_id)
            page = client.get(answer.location) if answer.status == 303 else answer
            return page.status, order_number(page.text) if page.status == 200 else page.text

    stock = deployment.sql("SELECT stock FROM product WHERE sku = 'ujeon'")
    with measured():
        seen = Counter(together(partial(submit, number) for number in range(BUYERS)))
    where = f"FROM purchase WHERE cart_id = '{cart_id}'"
    assert deployment.sql(f"SELECT count(*) {where}") == 1
    assert seen == {(200, deployment.sql(f"SELECT number {where}")): BUYERS}
    assert deployment.sql("SELECT stock FROM product WHERE sku = 'ujeon'") == stock - 2


def carts_of_one(deployment: Deployment, sku: str, buyers: int) -> list[tuple[Client, str]]:
    """As many visitors as there are buyers, each with a cart of its own, and its id."""
    with deployment.client().open() as visitor:
        token = visitor.cookies

    def fill(number: int) -> tuple[Client, str]:
        with deployment.client(number, token) as client:
            assert client.add(sku).status == 303
            return client, client.state()["cart"]["id"]

    carts: list[tuple[Client, str]] = []
    for group in range(0, buyers, 50):
        few = range(group, min(group + 50, buyers))
        carts += together(partial(fill, number) for number in few)
    assert len({cart_id for _, cart_id in carts}) == buyers
    return carts


def test_no_more_is_sold_than_there_is_F7(
    deployment: Deployment, measured: Callable[[], Any]
) -> None:
    """Nobody shares a session, so the crowd is at the stock: all of it comes to each database."""
    crowded = (("redis", "postgresql"), ("database", "sqlite"))
    kind = make_url(deployment.database_url).get_backend_name()
    buyers, stock = (BUYERS, STOCK) if (deployment.strategy, kind) in crowded else FEW
    deployment.sql(f"UPDATE product SET stock = {stock} WHERE sku = 'sejak'")
    carts = carts_of_one(deployment, "sejak", buyers)

    def buy(client: Client, cart_id: str) -> tuple[int, bool]:
        with client:
            answer = client.order(cart_id)
            return answer.status, "Not enough in stock" in answer.text

    with measured():
        answers = together(partial(buy, client, cart_id) for client, cart_id in carts)
    assert Counter(answers) == {(303, False): stock, (409, True): buyers - stock}
    assert deployment.sql("SELECT stock FROM product WHERE sku = 'sejak'") == 0
    sold = "SELECT sum(quantity) FROM purchase_line WHERE sku = 'sejak'"
    assert deployment.sql(sold) == stock


def test_logout_during_a_slow_request_stays_S13(deployment: Deployment, tmp_path: Path) -> None:
    with deployment.client().open() as client, deployment.client(1) as slow:
        client.add()
        client.log_in("minji")
        before = dict(client.cookies)
        slow.cookies.update(before)

        def log_out() -> int:
            assert wait_until((tmp_path / "waiting").exists, 10)
            status = client.post("/logout").status
            (tmp_path / "go").touch()
            return status

        answer, status = together([partial(slow.get, f"/probe/slow?folder={tmp_path}"), log_out])
        # what it wants to write is refused, where there is a record that can say so (S16)
        assert (answer.status, status) == (200 if deployment.strategy == "custom" else 409, 303)
        for number, cookies in enumerate((before, slow.cookies, client.cookies)):
            with deployment.client(number, cookies) as visitor:
                assert visitor.state()["user"] is None
