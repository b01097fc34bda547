"""What outlives a process, and what another process sees."""

from collections.abc import Callable

import pytest

from tests.integration.client import Client
from tests.integration.conftest import Deployment
from tests.processes import Shop


def cart_and_login(client: Client) -> tuple[int, str | None]:
    state = client.state()
    return state["cart"]["quantity"], state["user"]


@pytest.mark.parametrize("end", [Shop.stop, Shop.kill])
def test_a_restart_keeps_cart_and_login_F9(
    deployment: Deployment, end: Callable[[Shop], object]
) -> None:
    with deployment.client().open() as client:
        assert client.add(quantity=3).status == 303
        assert client.log_in().status == 303
        before = client.cookies["session"]
        assert cart_and_login(client) == (3, "demo")
        end(deployment.shops[0])
        deployment.shops[0].start()
        if deployment.strategy == "memory":  # documented: sessions end with the process
            assert cart_and_login(client) == (0, None)
            assert client.add().status == 303
            assert client.cookies["session"] != before  # the unknown id was not adopted
        else:
            assert cart_and_login(client) == (3, "demo")
            assert client.add().status == 303
            assert cart_and_login(client) == (4, "demo")


def test_two_processes_share_a_session_F9(deployment: Deployment) -> None:
    first, second = (shop.base_url for shop in deployment.shops)
    with Client(first).open() as client:
        assert client.log_in().status == 303
        assert client.add(quantity=2).status == 303
        client.move_to(second)
        if deployment.strategy == "memory":  # documented: each process has its own
            assert cart_and_login(client) == (0, None)
            return
        assert cart_and_login(client) == (2, "demo")
        assert client.add(quantity=5).status == 303
        stale = dict(client.cookies)
        client.move_to(first)
        assert cart_and_login(client) == (7, "demo")
        assert client.post("/cart/clear").status == 303
        assert client.post("/logout").status == 303
        with Client(second, stale) as thief:  # ended everywhere at once
            assert cart_and_login(thief)[1] is None
