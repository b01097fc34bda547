"""A class of thirty behind one address, at one shop: nobody is refused or meets another's cart.

`make serve` as it comes: one process under pserve, `memory`, eight threads.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.integration.client import Answer, Client, together
from tests.integration.conftest import DEVELOPMENT
from tests.processes import Shop
from tests.servers import RedisServer
from tests.shops import STRATEGIES, copy_sqlite

LEARNERS = 30


@pytest.fixture(scope="module")
def shop(
    seeded_file: Path, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    url = copy_sqlite(seeded_file, tmp_path_factory.mktemp("school"))
    settings = {"sqlalchemy.url": url, "session.redis.url": redis_server.url}
    with Shop(DEVELOPMENT, settings=settings) as shop:
        yield shop


@pytest.fixture
def learners(shop: Shop) -> Iterator[list[Client]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Client(shop.base_url)) for _ in range(LEARNERS)]


def all_do(learners: list[Client], act: Callable[[int, Client], Answer]) -> None:
    """At the same moment; each is answered with success."""
    answers = together(partial(act, seat, learner) for seat, learner in enumerate(learners))
    assert [answer.status for answer in answers] == [303] * LEARNERS


def test_thirty_register_mistype_and_log_in_with_a_cart_each_A2(learners: list[Client]) -> None:
    def come_in(seat: int, learner: Client) -> Answer:
        learner.open()
        name = f"learner{seat}"
        assert learner.post("/register", username=name, password="a good password").status == 303
        assert learner.add(quantity=seat + 1).status == 303
        assert learner.post("/logout").status == 303
        for wrong in ("a god password", "A good password"):
            assert learner.log_in(name, wrong).status == 400
        return learner.log_in(name, "a good password")

    all_do(learners, come_in)
    found = [(state["user"], state["cart"]["quantity"]) for state in map(Client.state, learners)]
    assert found == [(f"learner{seat}", seat + 1) for seat in range(LEARNERS)]


def test_thirty_log_in_as_the_account_to_try_A2(learners: list[Client]) -> None:
    all_do(learners, lambda seat, learner: learner.open().log_in())


def test_thirty_play_on_a_stage_of_their_own(learners: list[Client]) -> None:
    def add(seat: int, learner: Client) -> Answer:
        learner.get("/stage")
        return learner.post("/stage", action="add", sku="sejak")

    all_do(learners, add)
    for learner in learners:
        assert learner.get("/stage").text.count('data-state="known"') == len(STRATEGIES)
