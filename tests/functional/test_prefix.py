"""The shop below a path of a larger site: nothing leads out of it (P2)."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from demoapp.front.proxy import behind_proxy
from tests.processes import free_port
from tests.shops import Visitor

PREFIX = "/tea"
ADDRESS = re.compile(r'\s(href|src|action|data-[a-z]+)="(/[^"]*)"')
START = ("/", "/no-such", "/cart?x=1", "/session", "/labs", "/strategies")


def kind(link: str) -> str:
    """One product, one lab, one static file will do."""
    path = urlsplit(link).path
    return re.sub(r"/(products|static|labs|docs|strategies|stage)/.*", r"/\1", path)


class Below(Visitor):
    """As the browser has the address: below the prefix."""

    def do_request(self, req: Any, status: Any = None, expect_errors: Any = None) -> Any:
        if not req.path_info.startswith(f"{PREFIX}/"):
            req.path_info = PREFIX + req.path_info
        return super().do_request(req, status, expect_errors)


@pytest.fixture(params=["the filter", "urlmap"])
def below(request: pytest.FixtureRequest, start_shop: Callable[..., Any]) -> Below:
    """The filter's own prefix; or an address to which something else has mounted the shop."""
    nowhere = f"redis://127.0.0.1:{free_port()}/0"  # for the stage, which a link leads to
    shop = start_shop("memory", **{"session.redis.url": nowhere})
    if request.param == "the filter":
        return Below(behind_proxy("", PREFIX)(shop))

    def mounted(environ: Any, start_response: Any) -> Any:
        assert environ["PATH_INFO"].startswith(PREFIX)
        environ["SCRIPT_NAME"] = PREFIX
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(PREFIX)
        return shop(environ, start_response)

    return Below(mounted)


def test_every_link_stays_below_the_prefix_P2(below: Below) -> None:
    below.send("/cart/items", sku="sejak")
    assert below.log_in().status_int == 303
    waiting, asked = [PREFIX + path for path in START], set()
    while waiting:
        path = waiting.pop()
        asked.add(path)
        answer = below.get(path)
        assert answer.status_int == 200 or "no-such" in path, path
        found = ADDRESS.findall(answer.text) if answer.content_type == "text/html" else []
        assert [link for _, link in found if not link.startswith(f"{PREFIX}/")] == [], path
        for attribute, link in found:
            is_new = kind(link) not in map(kind, (*asked, *waiting))
            if is_new and attribute in ("href", "src"):
                waiting.append(link)
    assert len(asked) > 12


def test_every_redirect_and_cookie_is_right_below_a_prefix_P2(below: Below) -> None:
    for path, fields, goal in (
        ("/cart/items", {"sku": "sejak"}, "/cart"),
        ("/cart/items/sejak", {"quantity": "2"}, "/cart"),
        ("/locale", {"locale": "en", "next": f"{PREFIX}/cart?a=b"}, "/cart?a=b"),
        ("/locale", {"locale": "en", "next": "//evil.example"}, "/"),
        ("/login", {"username": "demo", "password": "pyramid tea house", "next": ""}, "/"),
        ("/logout", {}, "/?goodbye=cart"),
        ("/register", {"username": "sora", "password": "a pine tree in snow"}, "/"),
    ):
        answer = below.send(path, **fields)
        assert answer.status_int == 303, path
        where = urlsplit(answer.location)
        assert f"{where.path}?{where.query}".rstrip("?") == PREFIX + goal, path
        for cookie in answer.headers.getall("Set-Cookie"):
            assert "Path=/;" in f"{cookie};", cookie
    assert below.state()["user"] == "sora"
