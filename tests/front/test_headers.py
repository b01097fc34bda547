"""Headers of every answer, and of those that are for one visitor."""

import re
from typing import Any

from tests.shops import Visitor

HTTPS = {"wsgi.url_scheme": "https"}
PAGES = ("/", "/products/ujeon", "/cart", "/login", "/session.json", "/healthz", "/metrics")
ERRORS = ("/no-such", "/products/no-such", "/orders/X", "/static/no-such.css")


def test_every_answer_has_the_security_headers_H1(shop: Any) -> None:
    visitor = Visitor(shop)
    assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', visitor.get("/").text)
    assert len(assets) > 10
    for path in (*PAGES, *ERRORS, *assets[:5]):
        for extra in ({}, HTTPS):
            headers = visitor.get(path, extra_environ=extra).headers
            policy = headers["Content-Security-Policy"]
            assert "unsafe" not in policy
            for rule in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
                assert rule in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert ("Strict-Transport-Security" in headers) == bool(extra)
    assert "Content-Security-Policy" in visitor.post("/cart/items", {}).headers  # a 400
    assert "Content-Security-Policy" in visitor.send("/cart/clear").headers  # a 303


def test_pages_need_no_inline_script_or_style_H1(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    for path in ("/", "/cart", "/checkout", "/session", "/strategies", "/labs", "/no-such"):
        text = visitor.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text), path


def test_answers_that_depend_on_the_session_are_not_stored_H2(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    for path in ("/", "/cart", "/session.json", "/login", "/orders", "/no-such"):
        answer = visitor.get(path)
        assert "no-store" in answer.headers["Cache-Control"], path
        assert "Cookie" in answer.headers["Vary"], path
    posted = visitor.send("/cart/items", sku="ujeon")
    assert "no-store" in posted.headers["Cache-Control"]
    static = visitor.get("/static/site.css")
    assert "max-age" in static.headers["Cache-Control"]
    assert "Set-Cookie" not in static.headers


def test_touched_answers_are_private_H2(shop: Any) -> None:
    """Also a stranger's. What an answer varies with besides is kept."""
    visitor = Visitor(shop)

    def headers(answer: Any) -> tuple[str | None, str | None]:
        return answer.headers.get("Cache-Control"), answer.headers.get("Vary")

    assert headers(visitor.get("/healthz")) == (None, None)
    assert headers(visitor.get("/account/sessions")) == ("no-store", "Cookie")
    assert headers(visitor.get("/cart")) == ("no-store", "Accept-Language, Cookie")
    added = visitor.send("/cart/items", sku="ujeon")
    assert headers(added) == ("no-store", "Accept-Language, Cookie")


def test_answers_that_send_a_cookie_are_private_H2(shop: Any) -> None:
    visitor = Visitor(shop)
    answer = visitor.send("/locale", locale="ko")
    assert "Set-Cookie" in answer.headers
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "Cookie")
