"""A browser for the bare application: it keeps one cookie, and brings the view along."""

from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

from pyramid.request import Request

Act = Callable[[Any], Any]
"""What the view does with its request; what it returns is answered as JSON."""


def view(request: Any) -> Any:
    return request.environ["test.act"](request)


def late_view(request: Any) -> Any:
    """Answers Refused; by then the transaction is over."""
    request.response.status_int = 418
    return request.environ["test.late"](request)


def _nothing(request: Any) -> None:
    return None


class Visitor:
    """One browser. `do(act)` sends a request and runs `act` as its view."""

    def __init__(self, app: Any, scheme: str = "http", cookie: str | None = None) -> None:
        self.app = app
        self.scheme = scheme
        self.name = "__Host-session" if scheme == "https" else "session"
        self.cookie = cookie
        self.method = "POST"  # what is put in a session is asked for, unless a test says GET
        self.sent: list[str] = []
        """The Set-Cookie headers of the last answer."""
        self.status = 0

    def do(self, act: Act, late: Act = _nothing) -> Any:
        headers = {"Cookie": f"{self.name}={self.cookie}"} if self.cookie else {}
        environ = {"test.act": act, "test.late": late}
        request = Request.blank(
            f"{self.scheme}://localhost/", environ=environ, headers=headers, method=self.method
        )
        response = request.get_response(self.app)
        self.status = response.status_int
        self.sent = response.headers.getall("Set-Cookie")
        for header in self.sent:
            for name, morsel in SimpleCookie(header).items():
                assert name == self.name
                self.cookie = None if morsel["max-age"] == "0" else morsel.value
        return response.json

    def put(self, **values: Any) -> None:
        self.do(lambda request: request.session.update(values))

    def data(self) -> Any:
        """What is in the session now."""
        return self.do(lambda request: dict(request.session.items()))
