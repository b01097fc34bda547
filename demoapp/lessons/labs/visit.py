"""A browser played by the shop: real requests to itself, through every tween and view."""

from typing import Any

from pyramid.request import Request

from demoapp.lessons.jar import fill_in, keep


class Visit:
    """Asks pages with the cookies given, and keeps what it is sent, as a browser does.

    Whoever uses it leaves `request.session` alone: both would change the same record.
    """

    def __init__(self, request: Any, cookies: dict[str, str]) -> None:
        self._request = request
        self.cookies = dict(cookies)
        self._received: list[str] = []

    def get(self, path: str) -> Any:
        return self._send(self._ask(path))

    def post(self, path: str, **fields: str) -> Any:
        """Send a form, with its CSRF token."""
        return self._send(self._ask(path, fields))

    def pass_on(self, response: Any) -> None:
        """Give the cookies that were sent to the real browser."""
        for header in self._received:
            response.headers.add("Set-Cookie", header)

    def _ask(self, path: str, fields: dict[str, str] | None = None) -> Any:
        # the shop may be mounted below a path, which a link of ours begins with
        below = path.removeprefix(self._request.script_name)
        ask = Request.blank(below, base_url=self._request.application_url)
        ask.registry = self._request.registry
        ask.user_agent = self._request.user_agent
        ask.accept_language = self._request.accept_language
        fill_in(ask, self.cookies, fields)
        return ask

    def _send(self, ask: Any) -> Any:
        response = self._request.invoke_subrequest(ask, use_tweens=True)
        for header in response.headers.getall("Set-Cookie"):
            self._received.append(header)
            keep(self.cookies, header)
        return response
