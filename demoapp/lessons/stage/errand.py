"""Asking the shops in the visitor's name, as the visitor's browser would."""

import re
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from pyramid.csrf import get_csrf_token
from pyramid.request import Request

STAGE = re.compile(r'session-(load|save);dur=([\d.]+);desc="(?:(\d+) trip|unknown)')
"""An entry of Server-Timing; see `demoapp.front.timing`."""


@dataclass(frozen=True)
class Cost:
    """Milliseconds and round trips of one stage; no trips are told of a foreign session."""

    ms: float
    trips: int | None


@dataclass(frozen=True)
class Answer:
    status: int
    data: Any
    """The JSON, if it was that."""
    ms: float
    """The whole request, within this process."""
    load: Cost | None
    save: Cost | None


class Errand:
    """Requests to the shops, each with the cookies that the visitor has sent.

    A login renews the CSRF token, so four logins set that cookie four times. Any of them will
    do: the token is compared with the cookie, and no shop remembers it.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self._shops = request.registry["shops"]
        self._set: dict[str, str] = {}

    def get(self, shop: str, path: str) -> Answer:
        return self._send(shop, self._ask(shop, path))

    def post(self, shop: str, path: str, **fields: str) -> Answer:
        """Send a form, with its CSRF token."""
        ask = self._ask(shop, path)
        fields["csrf_token"] = get_csrf_token(ask)
        ask.method = "POST"
        ask.content_type = "application/x-www-form-urlencoded"
        ask.body = urlencode(fields).encode()
        return self._send(shop, ask)

    def pass_on(self, response: Any) -> None:
        """Give the visitor the cookies that the shops have set: of each name the last."""
        for header in self._set.values():
            response.headers.add("Set-Cookie", header)

    def _ask(self, shop: str, path: str) -> Any:
        # the host, the scheme, the address and the headers are the visitor's; what frameworks
        # add to an environ is in lower case, and belongs to our request alone
        own = self._request.environ
        environ = {key: own[key] for key in own if key.isupper() or key.startswith("wsgi.")}
        environ |= {"REQUEST_METHOD": "GET", "QUERY_STRING": "", "PATH_INFO": path}
        environ |= {"SCRIPT_NAME": f"{own['SCRIPT_NAME']}/{shop}"}
        environ |= {"CONTENT_LENGTH": "0", "CONTENT_TYPE": "", "wsgi.input": BytesIO()}
        ask = Request(environ)
        ask.registry = self._request.registry
        return ask

    def _send(self, shop: str, ask: Any) -> Answer:
        begun = time.perf_counter()
        response = ask.get_response(self._shops[shop])
        seconds = time.perf_counter() - begun
        for header in response.headers.getall("Set-Cookie"):
            self._set[header.partition("=")[0]] = header
        told = ", ".join(response.headers.getall("Server-Timing"))
        stages = {
            name: Cost(float(ms), int(trips) if trips else None)
            for name, ms, trips in STAGE.findall(told)
        }
        is_json = response.content_type == "application/json"
        return Answer(
            response.status_int,
            response.json if is_json else None,
            seconds * 1000,
            stages.get("load"),
            stages.get("save"),
        )
