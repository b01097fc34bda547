"""The side-by-side page without a browser: its headers, its cookies, and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest

from demoapp.front.headers import HEADERS
from demoapp.lessons.stage import Mounted, make_page
from tests.shops import STRATEGIES, Visitor


@pytest.fixture
def visitor(start_shop: Callable[..., Any]) -> Visitor:
    shops = {
        name: start_shop(name, **{"session.cookie_name": f"session-{name}"}) for name in STRATEGIES
    }
    return Visitor(Mounted(shops, make_page(shops)))


def token(visitor: Visitor) -> str:
    return str(visitor.get("/").html.find("input", {"name": "csrf_token"})["value"])


def click(visitor: Visitor, action: str, **fields: str) -> Any:
    return visitor.post("/", {"csrf_token": token(visitor), "action": action, **fields})


def quantities(visitor: Visitor) -> list[int]:
    return [visitor.get(f"/{name}/session.json").json["cart"]["quantity"] for name in STRATEGIES]


def test_looking_begins_no_session_S4(visitor: Visitor) -> None:
    visitor.get("/")
    click(visitor, "clear")
    click(visitor, "logout")
    visitor.get("/")
    assert [name for name in visitor.cookies if name.startswith("session")] == []


def test_of_each_cookie_the_last_is_passed_on_with_its_flags_S10(visitor: Visitor) -> None:
    click(visitor, "add", sku="ujeon")
    answer = click(visitor, "login")
    sent = answer.headers.getall("Set-Cookie")
    names = [header.partition("=")[0] for header in sent]
    assert sorted(names) == sorted({"csrf", "side-by-side", *(f"session-{n}" for n in STRATEGIES)})
    for header in sent:
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(header.split("; "))
    # every shop accepts the token that the last one has renewed
    click(visitor, "add", sku="ujeon")
    assert quantities(visitor) == [2, 2, 2, 2]


def test_a_click_is_a_request_to_the_shop_below_its_path(visitor: Visitor) -> None:
    click(visitor, "add", sku="ujeon")
    for name in STRATEGIES:
        assert f"POST /{name}/cart/items" in visitor.get(f"/{name}/session").text


def test_over_https_too(visitor: Visitor) -> None:
    visitor.extra_environ["wsgi.url_scheme"] = "https"
    click(visitor, "add", sku="ujeon")
    assert {f"__Host-session-{name}" for name in STRATEGIES} <= set(visitor.cookies)
    assert visitor.get("/").text.count('data-ok="yes"') == 4


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/memory", "/memory/nothing", "/static/site.css"]
)
def test_headers_are_on_every_answer_H1_H2(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    if "static" not in path:
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"csrf_token": ""}, {}),
        ({"csrf_token": "0" * 32}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Origin": "http://evil.example"}),
        ({"action": "steal"}, {}),
        ({"action": "\0"}, {}),
        ({"sku": "x\0"}, {}),
    ],
)
def test_what_is_refused_reaches_no_shop_S11_I1(
    visitor: Visitor, fields: dict[str, str], headers: dict[str, str]
) -> None:
    click(visitor, "add", sku="ujeon")
    form = {"csrf_token": token(visitor), "action": "clear", **fields}
    assert visitor.post("/", form, headers=headers).status_int == 400
    assert quantities(visitor) == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "kept", ["bm9uc2Vuc2U=", "e30=", "W1tb", "%", "eyJzaG9wcyI6e319", "W1td", "=", "\u00e9"]
)
def test_a_note_of_a_click_that_makes_no_sense_is_ignored_I1(visitor: Visitor, kept: str) -> None:
    answer = visitor.get("/", headers={"Cookie": f"side-by-side={kept}"})
    assert answer.status_int in (200, 400)
    assert "data-ok" not in answer.text


def test_a_shop_that_refuses_says_so(visitor: Visitor) -> None:
    click(visitor, "add", sku="coffee")
    assert visitor.get("/").text.count('data-ok="no"') == 4


def test_paths_that_no_shop_has(visitor: Visitor) -> None:
    for path in ("/nothing", "/memoryx", "/cart", "/?q=%ff"):
        assert visitor.get(path).status_int in (400, 404)
    assert visitor.get("//memory/").status_int in (200, 404)
    assert visitor.get("/healthz").text == "ok\n"
