"""The labs on real processes, connections and databases."""

from contextlib import ExitStack
from functools import partial

import pytest

from demoapp.lessons import labs
from demoapp.lessons.labs.lab import found
from tests.integration.client import Client, together
from tests.integration.conftest import Deployment


def verdict(client: Client, lab: str) -> bool | None:
    """Whether the page says that what it saw was expected; None while it has seen nothing."""
    answer = client.get(f"/labs/{lab}")
    assert answer.status == 200
    if 'class="data verdict"' not in answer.text:
        return None
    return "This is how the strategy works." in answer.text


def sends(client: Client, lab: str, action: str, **fields: str) -> None:
    assert client.post(f"/labs/{lab}", action=action, **fields).status == 303


def test_the_restart_lab_sees_a_restart_F9(deployment: Deployment) -> None:
    with deployment.client().open() as client:
        sends(client, "restart", "mark")
        assert verdict(client, "restart") is None
        deployment.shops[0].stop()
        deployment.shops[0].start()
        assert verdict(client, "restart") is True


def test_the_two_ports_lab_sees_the_other_process_F9(deployment: Deployment) -> None:
    first, second = (shop.base_url for shop in deployment.shops)
    with Client(first).open() as client:
        sends(client, "two-ports", "mark")
        assert verdict(client, "two-ports") is None
        client.move_to(second)
        assert verdict(client, "two-ports") is True
        client.move_to(first)
        sends(client, "two-ports", "reset")
        assert set(client.cookies) <= {"csrf", "session", "lab-progress"}


def test_the_race_lab_over_real_connections_F8(deployment: Deployment) -> None:
    with deployment.client().open() as client, ExitStack() as stack:
        sends(client, "race", "begin")
        tabs = [
            stack.enter_context(deployment.client(number, client.cookies)) for number in range(6)
        ]
        adds = [partial(tab.post, "/labs/race", action="add", quick="yes") for tab in tabs]
        assert {answer.status for answer in together(adds)} == {303}
        client.cookies = tabs[0].cookies  # for custom: of any answer
        sends(client, "race", "count", sent=str(len(tabs)))
        assert verdict(client, "race") is True


@pytest.mark.parametrize("lab", ["first-write", "overflow"])
def test_labs_that_visit_the_shop_themselves(deployment: Deployment, lab: str) -> None:
    with deployment.client().open() as client:
        client.add(quantity=2)
        sends(client, lab, "run")
        assert verdict(client, lab) is True
        assert client.in_cart() == 2


def test_the_outage_lab_is_for_its_visitor_only_F1(deployment: Deployment) -> None:
    lab = found(labs.__path__)["redis-down"]
    expected = lab.texts("en")["expected"][deployment.strategy]
    with deployment.client().open() as client, deployment.client().open() as neighbour:
        client.add(quantity=2)
        neighbour.add(quantity=3)
        sends(client, "redis-down", "hang")
        assert verdict(client, "redis-down") is True
        assert client.get("/cart").status == (200 if expected == "all" else 503)
        assert neighbour.in_cart() == 3
        sends(client, "redis-down", "reset")
        assert client.in_cart() == 2
