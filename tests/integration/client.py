"""A visitor over real HTTP: keep-alive, cookies kept by hand, never a redirect followed."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from threading import Barrier
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from demoapp.shop.accounts import DEMO_PASSWORD


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str
    cookies_set: Mapping[str, str]

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


class Client:
    """One connection to one process. Starts with a copy of `cookies`.

    Assign another client's `cookies` to share its jar, as the tabs of one browser do.
    """

    def __init__(self, base_url: str, cookies: Mapping[str, str] | None = None) -> None:
        self.cookies = dict(cookies or {})
        self._address = urlsplit(base_url).netloc
        self._connection = HTTPConnection(self._address, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._connection.close()

    def move_to(self, base_url: str) -> None:
        """Go on with another process, as behind a load balancer."""
        self._connection.close()
        self._address = urlsplit(base_url).netloc
        self._connection = HTTPConnection(self._address, timeout=60)

    def get(self, path: str) -> Answer:
        try:
            return self._ask("GET", path)
        except (HTTPException, ConnectionError):  # a restart left the connection dead
            self._connection.close()
            return self._ask("GET", path)

    def post(self, path: str, /, **fields: str) -> Answer:
        """Submit a form, with the token that the last page gave us. Never sent twice."""
        token = self.cookies.get("csrf", "")
        body = urlencode({"csrf_token": token, **fields})
        return self._ask("POST", path, body, "application/x-www-form-urlencoded")

    def _ask(self, method: str, path: str, body: str = "", content_type: str = "") -> Answer:
        cookies = dict(self.cookies)  # other threads may share the jar
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        if content_type:
            headers["Content-Type"] = content_type
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        text = response.read().decode(errors="replace")
        jar: SimpleCookie = SimpleCookie()
        for line in response.headers.get_all("Set-Cookie", ()):
            jar.load(line)
        for name, morsel in jar.items():
            if morsel.value and morsel["max-age"] != "0":
                self.cookies[name] = morsel.coded_value
            else:
                self.cookies.pop(name, None)
        given = {name: morsel.OutputString() for name, morsel in jar.items()}
        return Answer(response.status, dict(response.headers), text, given)

    # -- what a visitor does

    def open(self) -> Self:
        """Look at the login page, which brings the CSRF token."""
        assert self.get("/login").status == 200
        return self

    def log_in(self, username: str = "demo", password: str = DEMO_PASSWORD) -> Answer:
        return self.post("/login", username=username, password=password)

    def add(self, sku: str = "sejak", quantity: int = 1) -> Answer:
        return self.post("/cart/items", sku=sku, quantity=str(quantity))

    def state(self) -> dict[str, Any]:
        answer = self.get("/session.json")
        assert answer.status == 200, answer
        state: dict[str, Any] = json.loads(answer.text)
        return state

    def in_cart(self) -> int:
        return int(self.state()["cart"]["quantity"])

    def order(self, cart_id: str) -> Answer:
        return self.post("/checkout", name="Kim Minji", address="1 Insadong-gil", cart_id=cart_id)


def together(tasks: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run the tasks at once, each in a thread of its own that waits for all others to be ready."""
    waiting = list(tasks)
    barrier = Barrier(len(waiting))

    def run(task: Callable[[], Any]) -> Any:
        barrier.wait(30)
        return task()

    with ThreadPoolExecutor(len(waiting)) as pool:
        return list(pool.map(run, waiting))


def order_number(page: str) -> str:
    """The number that an order's page shows."""
    found = re.search(r"/orders/([0-9A-F]+)", page)
    assert found, page
    return found[1]
