"""What an attacker, a crawler or a cache would try; the ids are those of the requirements."""

import re
from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from sqlalchemy import select, update
from webob import Request

from demoapp.shop import security
from demoapp.shop.models import User
from demoapp.shop.views import account, login
from tests.passwords import REAL
from tests.shops import Visitor

HTTPS = {"wsgi.url_scheme": "https"}
PAGES = ("/", "/products/ujeon", "/cart", "/login", "/session.json", "/healthz", "/metrics")
ERRORS = ("/no-such", "/products/no-such", "/orders/X", "/static/no-such.css")


@pytest.fixture
def memory(start_shop: Callable[..., Any]) -> Any:
    return start_shop("memory")


def users(shop: Any) -> dict[str, str]:
    with shop.registry["dbsession_factory"]() as session:
        return {user.username: user.password_hash for user in session.scalars(select(User))}


# -- passwords and names


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes as the shop makes them, and not in no time."""
    for module in (security, account, login):
        monkeypatch.setattr(module, "HASHER", REAL)
    monkeypatch.setattr(security, "NOBODY", REAL.hash("nobody's password"))


@pytest.mark.usefixtures("real")
def test_passwords_are_kept_as_argon2id_with_the_parameters_of_owasp_A1(memory: Any) -> None:
    long = "비밀" * 100 + "x" * 500
    visitor = Visitor(memory)
    assert visitor.send("/register", username="sora", password=long).status_int == 303
    kept = users(memory)["sora"]
    parameters = extract_parameters(kept)
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 19456  # KiB
    assert parameters.time_cost >= 2
    assert long not in Path(memory.registry["dbsession_factory"].kw["bind"].url.database).read_text(
        errors="replace"
    )
    assert Visitor(memory).log_in("sora", long).status_int == 303
    assert Visitor(memory).log_in("sora", long[:-1]).status_int == 400
    assert Visitor(memory).send("/register", username="x2", password="short").status_int == 400


@pytest.mark.parametrize("value", ["true", "yes", "1"])
def test_accounts_to_try_are_shown_where_it_teaches(
    start_shop: Callable[..., Any], value: str
) -> None:
    assert "minji" in Visitor(start_shop("memory", **{"demo.labs": value})).get("/login").text


@pytest.mark.usefixtures("real")
def test_a_weaker_hash_is_renewed_at_login_A1(memory: Any) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("a good password")
    with memory.registry["dbsession_factory"].begin() as session:
        session.execute(update(User).where(User.username == "demo").values(password_hash=weak))
    assert Visitor(memory).log_in("demo", "wrong password").status_int == 400
    assert users(memory)["demo"] == weak
    assert Visitor(memory).log_in("demo", "a good password").status_int == 303
    assert extract_parameters(users(memory)["demo"]).memory_cost >= 19456
    assert Visitor(memory).log_in("demo", "a good password").status_int == 303


@pytest.mark.usefixtures("real")
def test_an_unknown_name_is_not_told_from_a_wrong_password_A3(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers are alike, and so is the work for them, which is nearly all of the time."""
    with memory.registry["dbsession_factory"].begin() as session:
        kept = REAL.hash("a good password")
        session.execute(update(User).where(User.username == "minji").values(password_hash=kept))
    visitor = Visitor(memory)
    work: list[Any] = []

    class Noting(PasswordHasher):
        def verify(self, hashed: str | bytes, password: str | bytes) -> Any:
            work.append(extract_parameters(str(hashed)))
            return super().verify(hashed, password)

    monkeypatch.setattr(security, "HASHER", Noting(time_cost=2, memory_cost=19456, parallelism=1))
    done, bodies = {}, set()
    for name in ("minji", "nobody"):
        answer = visitor.send("/login", username=name, password="wrong password")
        assert answer.status_int == 400
        bodies.add(answer.text.replace(f'value="{name}"', ""))
        done[name] = work[:]
        work.clear()
    assert len(bodies) == 1
    assert done["minji"] == done["nobody"] != []


GOALS = {
    "/cart": "/cart",
    "/?q=a&category=b": "/?q=a&category=b",
    "//evil.example": "/",
    "/\\evil.example": "/",
    "/\t/evil.example": "/",
    "https://evil.example": "/",
    "javascript:alert(1)": "/",
    "/\r\nSet-Cookie: a=b": "/",
    "\\/evil.example": "/",
    "": "/",
    "cart": "/",
}


@pytest.mark.parametrize("goal", GOALS, ids=repr)
def test_login_goes_on_to_a_page_of_this_site_only_A4(memory: Any, goal: str) -> None:
    visitor = Visitor(memory)
    for answer in (
        visitor.send("/locale", locale="ko", next=goal),
        visitor.send("/login", username="demo", password="pyramid tea house", next=goal),
    ):
        assert answer.status_int == 303
        assert answer.location == f"http://localhost{GOALS[goal]}"
        assert "evil" not in str(answer.headers)


# -- forged posts


@pytest.mark.parametrize("host", ["tea.example", "tea.example:80", "TEA.example", "tea.example."])
def test_the_form_of_another_site_is_told_by_the_names_a_browser_means_P2(
    memory: Any, host: str
) -> None:
    visitor = Visitor(memory, extra_environ={"HTTP_HOST": host})
    fields = {"sku": "ujeon", "csrf_token": visitor.token()}
    for origin, status in (
        ("http://tea.example", 303),
        ("https://tea.example", 303 if host != "tea.example:80" else 400),  # hidden by a proxy
        ("http://tea.example:8080", 400),
        ("http://tea.example.evil.example", 400),
        ("http://evil.example", 400),
        ("null", 400),
    ):
        answer = visitor.post("/cart/items", fields, {"Origin": origin})
        assert answer.status_int == status, origin


def test_a_page_over_http_forges_nothing_for_https_P2(memory: Any) -> None:
    visitor = Visitor(memory, extra_environ=HTTPS)
    fields = {"sku": "ujeon", "csrf_token": visitor.token()}
    for origin, status in (("http://localhost:80", 400), ("https://localhost:80", 303)):
        answer = visitor.post("/cart/items", fields, {"Origin": origin})
        assert answer.status_int == status, origin


# -- headers


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
