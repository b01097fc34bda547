"""What outlives a process, and what another process sees."""

from tests.integration.client import Client
from tests.integration.conftest import StartShops


def cart_and_login(client: Client) -> tuple[int, str | None]:
    state = client.state()
    return state["cart"]["quantity"], state["user"]


def test_a_restart_keeps_cart_and_login_F9(start_shops: StartShops, backend: str) -> None:
    [shop] = start_shops(backend)
    with Client(shop.base_url).open() as client:
        assert client.add(quantity=3).status == 303
        assert client.log_in().status == 303
        before = client.cookies["session"]
        assert cart_and_login(client) == (3, "demo")
        shop.stop()
        shop.start()
        if backend.startswith("memory"):  # documented: sessions end with the process
            assert cart_and_login(client) == (0, None)
            assert client.add().status == 303
            assert client.cookies["session"] != before  # the unknown id was not adopted
        else:
            assert cart_and_login(client) == (3, "demo")
            assert client.add().status == 303
            assert cart_and_login(client) == (4, "demo")


def test_a_killed_process_loses_nothing_that_was_answered_F9(
    start_shops: StartShops, backend: str
) -> None:
    [shop] = start_shops(backend)
    with Client(shop.base_url).open() as client:
        assert client.add(quantity=2).status == 303
        shop.kill()
        shop.start()
        assert client.in_cart() == (0 if backend.startswith("memory") else 2)


def test_two_processes_share_a_session_F9(start_shops: StartShops, backend: str) -> None:
    first, second = start_shops(backend, 2)
    with Client(first.base_url).open() as client:
        assert client.log_in().status == 303
        assert client.add(quantity=2).status == 303
        client.move_to(second.base_url)
        if backend.startswith("memory"):  # documented: each process has its own
            assert cart_and_login(client) == (0, None)
            return
        assert cart_and_login(client) == (2, "demo")
        assert client.add(quantity=5).status == 303
        stale = dict(client.cookies)
        client.move_to(first.base_url)
        assert cart_and_login(client) == (7, "demo")
        assert client.post("/logout").status == 303
        with Client(second.base_url, stale) as thief:  # ended everywhere at once
            assert cart_and_login(thief)[1] is None
