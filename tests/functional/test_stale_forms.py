"""A form that was loaded before the last login or logout: said in words, and not lost."""

from typing import Any

import pytest

from tests.shops import Visitor

SAID = {"en": "This form is out of date", "ko": "오래된 양식입니다"}


def visitor_in(shop: Any, locale: str) -> Visitor:
    visitor = Visitor(shop)
    visitor.set_cookie("locale", locale)
    return visitor


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_a_stale_form_is_told_what_to_do(memory: Any, locale: str) -> None:
    visitor = visitor_in(memory, locale)
    stale = {"csrf_token": visitor.token()}
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    for path in ("/cart/clear", "/cart/items", "/account/password", "/locale"):
        answer = visitor.post(path, stale, {"Referer": "http://localhost:80/cart"})
        assert answer.status_int == 400
        assert answer.html.h1.text == SAID[locale]
        assert "token" not in answer.html.main.text
        assert answer.html.select_one(".actions a")["href"] == "/cart"
    foreign = visitor.post("/cart/clear", stale, {"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_int == 400
    assert ("another site" in foreign.text) is (locale == "en")
    assert visitor.state()["cart"]["quantity"] == 1


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_a_stale_form_keeps_what_was_typed(memory: Any, locale: str) -> None:
    visitor = visitor_in(memory, locale)
    stale = {"csrf_token": visitor.token()}
    login = {**stale, "username": "minji", "password": "pyramid tea house", "next": "/cart"}
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    order = {**stale, "name": "민지", "address": "서울 1", "cart_id": visitor.state()["cart"]["id"]}
    for path, fields in (("/checkout", order), ("/login", login), ("/register", login)):
        answer = visitor.post(path, fields)
        assert answer.status_int == 400
        assert answer.html.find(role="alert").text
        assert "pyramid tea house" not in answer.html.find("form", {"action": path}).text
        form = next(each for each in answer.forms.values() if each.action == path)
        for name in {"name", "address", "username", "next"} & fields.keys() & form.fields.keys():
            assert form[name].value == fields[name]
    assert (visitor.state()["user"], visitor.state()["cart"]["quantity"]) == ("demo", 1)
    form = next(
        each for each in visitor.post("/checkout", order).forms.values() if "address" in each.fields
    )
    assert form.submit().status_int == 303  # it holds a token of today
    assert visitor.state()["cart"]["quantity"] == 0


def test_logging_out_twice_is_no_error(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.log_in()
    fields = {"csrf_token": visitor.token()}
    assert visitor.post("/logout", fields).status_int == 303
    visitor.send("/cart/items", sku="ujeon")  # a guest, with the page of before in another tab
    twice = visitor.post("/logout", fields)
    assert (twice.status_int, twice.location) == (303, "http://localhost/")
    assert visitor.state()["cart"]["quantity"] == 1
    visitor.log_in()
    assert visitor.post("/logout", fields).status_int == 400  # nor is anybody else's session ended
    assert visitor.state()["user"] == "demo"
