"""The choice of a language is kept in a cookie, and leads back to the page it was made on."""

from typing import Any

from tests.shops import Visitor


def test_what_was_chosen_counts_from_then_on(memory: Any) -> None:
    visitor = Visitor(memory)
    answer = visitor.send("/locale", locale="ko", next="/?q=tea")
    assert answer.location == "http://localhost/?q=tea"
    [cookie] = [c for c in answer.headers.getall("Set-Cookie") if c.startswith("locale=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    browser = {"Accept-Language": "en"}
    assert visitor.get("/cart", headers=browser).html.html["lang"] == "ko"
    visitor.send("/locale", locale="en")
    assert visitor.get("/cart", headers={"Accept-Language": "ko"}).html.html["lang"] == "en"


def test_a_language_that_there_is_not_changes_nothing(memory: Any) -> None:
    visitor = Visitor(memory)
    for wanted in ("fr", "", "ko;q=1", "한국어"):
        answer = visitor.send("/locale", locale=wanted, next="/cart")
        assert answer.location == "http://localhost/"
        assert visitor.cookie("locale") is None
