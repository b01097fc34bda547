"""What an attacker or a crawler would try; the ids are those of the requirements."""

from http.cookies import SimpleCookie
from typing import Any

import pytest
from webob import Request

from tests.shops import Visitor

HTTPS = {"wsgi.url_scheme": "https"}
PAGES = ("/", "/products/ujeon", "/cart", "/login", "/session.json", "/healthz", "/metrics")


@pytest.mark.parametrize("method", ["TRACE", "FOO", "DELETE", "PUT", "PATCH", "CONNECT"])
def test_other_methods_are_refused_H3(shop: Any, method: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    cookies = "; ".join(f"{name}={visitor.cookie(name)}" for name in ("session", "csrf"))
    for path in (*PAGES, "/static/site.css", "/cart/items", "/logout"):
        request = Request.blank(path, method=method, headers={"Cookie": cookies})
        assert request.get_response(shop).status_int in (400, 404, 405), path
    assert visitor.get("/logout").status_int in (404, 405)
    assert visitor.state()["cart"]["quantity"] == 1


def test_cookies_have_their_flags_S10(shop: Any) -> None:
    for scheme, prefix in (({}, ""), (HTTPS, "__Host-")):
        visitor = Visitor(shop, extra_environ=scheme)
        set_cookies = visitor.get("/cart").headers.getall("Set-Cookie")
        fields = {"sku": "ujeon", "csrf_token": visitor.token()}
        set_cookies += visitor.post("/cart/items", fields).headers.getall("Set-Cookie")
        names = set()
        for header in set_cookies:
            assert len(header) <= 4096
            [(name, morsel)] = SimpleCookie(header).items()
            names.add(name)
            assert morsel["httponly"]
            assert morsel["samesite"] == "Lax"
            assert morsel["path"] == "/"
            assert not morsel["domain"]
            assert bool(morsel["secure"]) == bool(scheme)
        assert names == {f"{prefix}session", f"{prefix}csrf"}
