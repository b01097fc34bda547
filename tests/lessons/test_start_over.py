"""The button that starts everything over: for this browser, and for nobody else."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from tests.servers import RedisServer
from tests.shops import Visitor


def play(visitor: Visitor) -> None:
    visitor.get("/stage")
    visitor.send("/stage", action="add", sku="ujeon")


def everything(visitor: Visitor) -> None:
    """All that a browser gathers here: cart, login, language, labs done and half done, a stage."""
    visitor.send("/cart/items", sku="sejak")
    visitor.log_in()
    visitor.send("/locale", locale="ko")
    visitor.send("/labs/overflow", action="run")
    visitor.get("/labs/overflow")
    visitor.send("/labs/tamper", action="mark")
    play(visitor)


def test_this_browser_is_new_again_and_no_other(
    start_shop: Callable[..., Any], redis_server: RedisServer, strategy: str
) -> None:
    shop = start_shop(strategy, **{"session.redis.url": redis_server.url})
    with closing(shop.registry["house"]):
        visitor, other = Visitor(shop), Visitor(shop)
        other.send("/cart/items", sku="ujeon")
        play(other)
        everything(visitor)
        before = dict(visitor.cookies)
        assert len(before) == 10  # csrf, session, locale, two of the labs, five of the stage
        answer = visitor.send("/start-over")
        assert answer.status_int == 303
        assert set(visitor.cookies) == {"csrf"}
        assert visitor.cookies["csrf"] != before["csrf"]
        page = answer.follow()
        assert page.html.html["lang"] == "en"
        assert "first minute" in page.html.find(class_="flash").text
        state = visitor.state()
        assert (state["new"], state["user"], state["cart"]["lines"]) == (True, None, [])
        assert visitor.get("/labs").html.find("progress")["value"] == "0"
        assert visitor.get("/stage").text.count('data-state="none"') == 4
        thief = Visitor(shop)
        thief.set_cookie("session", before["session"])
        assert thief.state()["user"] is None
        thief.set_cookie("stage", before["stage"])
        for name in before:
            if name.startswith("session-"):
                thief.set_cookie(name, before[name])
        assert 'data-state="forgotten"' in thief.get("/stage").text  # its memory shop is closed
        assert other.state()["cart"]["quantity"] == 1
        assert other.get("/stage").text.count('data-state="known"') == 4
        assert visitor.log_in().status_int == 303
        assert visitor.state()["cart"]["lines"] == []  # nor was the cart kept for a next login


def test_it_is_offered_where_one_learns_S11(start_shop: Callable[..., Any]) -> None:
    visitor = Visitor(start_shop("memory"))
    with closing(visitor.app.registry["house"]):
        for path in ("/session", "/labs", "/stage"):
            form = visitor.get(path).html.find("form", action="/start-over")
            assert form.find("input", {"name": "csrf_token"})["value"], path
        visitor.send("/cart/items", sku="sejak")
        play(visitor)
        answer = visitor.send("/stage/memory/start-over")  # which has such a page, too
        assert (answer.status_int, answer.location) == (307, "http://localhost/start-over")
        assert visitor.post("/start-over").status_int == 400
        assert visitor.get("/start-over").status_int == 404
        assert visitor.state()["cart"]["quantity"] == 1


def test_a_real_shop_has_no_such_button(start_shop: Callable[..., Any]) -> None:
    visitor = Visitor(start_shop("memory", **{"demo.labs": "false", "demo.hosts": "localhost"}))
    visitor.send("/cart/items", sku="sejak")
    assert visitor.send("/start-over").status_int == 404
    assert "/start-over" not in visitor.get("/session").text
    assert visitor.state()["cart"]["quantity"] == 1
