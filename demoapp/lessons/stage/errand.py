"""Asking the shops in the visitor's name, as the visitor's browser would."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pyramid.request import Request

from demoapp.lessons.jar import fill_in, keep

COST = re.compile(r'session-(load|save);dur=([\d.]+);desc="(?:(\d+) trip|unknown)')
"""An entry of Server-Timing; see `demoapp.front.timing`."""


@dataclass(frozen=True)
class Cost:
    """Milliseconds and round trips; no trips are told of a foreign session."""

    ms: float
    trips: int | None


@dataclass(frozen=True)
class Answer:
    status: int
    data: Any
    """The JSON, if it was that."""
    load: Cost | None
    save: Cost | None

    @property
    def ms(self) -> float | None:
        """What the session took."""
        return sum(cost.ms for cost in (self.load, self.save) if cost) if self.load else None


class Errand:
    """Requests to the shops, each with the cookies of one browser: at first the visitor's.

    A login renews the CSRF token, so four logins set that cookie four times. Any of them will
    do: the token is compared with the cookie, and no shop remembers it.
    """

    def __init__(
        self,
        request: Any,
        application: Callable[[str], Any],
        cookies: Mapping[str, str] | None = None,
    ) -> None:
        self._request = request
        self._application = application
        own = request.cookies if cookies is None else cookies
        self.cookies = {name: value for name, value in own.items() if "lab-" not in name}
        self._set: dict[str, str] = {}

    def apart(self, **cookies: str) -> "Errand":
        """Another browser with the same cookies, or one changed; the visitor's gets none of it."""
        return Errand(self._request, self._application, {**self.cookies, **cookies})

    def take(self, other: "Errand") -> None:
        """What another browser was sent."""
        self.cookies, self._set = dict(other.cookies), {**self._set, **other._set}

    def get(self, shop: str, path: str) -> Answer:
        return self._send(shop, self._ask(shop, path))

    def post(self, shop: str, path: str, **fields: str) -> Answer:
        """Send a form, with its CSRF token."""
        return self._send(shop, self._ask(shop, path, fields))

    def pass_on(self, response: Any) -> None:
        """Give the visitor the cookies that the shops have set: of each name the last."""
        for header in self._set.values():
            response.headers.add("Set-Cookie", header)

    def _ask(self, shop: str, path: str, fields: dict[str, str] | None = None) -> Any:
        ask = below(self._request, shop, path)
        ask.environ |= {"REQUEST_METHOD": "GET", "QUERY_STRING": "", "HTTP_COOKIE": ""}
        ask.environ |= {"CONTENT_LENGTH": "0", "CONTENT_TYPE": "", "wsgi.input": BytesIO()}
        fill_in(ask, self.cookies, fields)
        return ask

    def _send(self, shop: str, ask: Any) -> Answer:
        response = answer_of(self._application(shop), ask)
        for header in response.headers.getall("Set-Cookie"):
            self._set[header.partition("=")[0]] = header
            keep(self.cookies, header)
        told = ", ".join(response.headers.getall("Server-Timing"))
        costs = {
            name: Cost(float(ms), int(trips) if trips else None)
            for name, ms, trips in COST.findall(told)
        }
        is_json = response.content_type == "application/json"
        data = response.json if is_json else None
        return Answer(response.status_int, data, costs.get("load"), costs.get("save"))


def home(request: Any, shop: str) -> str:
    """The path of a shop, below that of the shop around it."""
    return str(request.route_url("stage_shop", shop=shop, rest="", _app_url=""))


def below(request: Any, shop: str, path: str) -> Any:
    """The visitor's request, turned to a shop below /stage."""
    # the host, the scheme, the address and the headers are the visitor's; what frameworks
    # add to an environ is in lower case, and belongs to our request alone
    own = request.environ
    environ = {key: own[key] for key in own if key.isupper() or key.startswith("wsgi.")}
    environ |= {"SCRIPT_NAME": own["SCRIPT_NAME"] + home(request, shop), "PATH_INFO": path}
    ask = Request(environ)
    ask.registry = request.registry
    return ask


def answer_of(app: Any, ask: Any) -> Any:
    """Ask in another thread, where nothing is known of the request around it: neither by Pyramid,
    which would take it for a subrequest, nor by the logs.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(ask.get_response, app).result()
