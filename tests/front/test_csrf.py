"""A form of another site changes nothing here."""

from typing import Any

import pytest
from pyramid.interfaces import IContextFound
from transaction.interfaces import TransientError

from tests.sessions.saboteur import Saboteur
from tests.shops import Visitor

HTTPS = {"wsgi.url_scheme": "https"}


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


def lose_first_attempts(shop: Any) -> None:
    """Every post loses against another request once, just before the database would commit."""

    def conflict() -> None:
        raise TransientError

    def join(event: Any) -> None:
        if event.request.method == "POST" and event.request.environ["retry.attempt"] == 0:
            Saboteur(event.request, "tpc_vote", conflict)

    shop.registry.registerHandler(join, (IContextFound,))


def test_what_changes_the_token_may_be_replayed_S5(shop: Any) -> None:
    lose_first_attempts(shop)
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    assert visitor.log_in().status_int == 303
    fields = {"current": "pyramid tea house", "new": "another good password"}
    assert visitor.send("/account/password", **fields).status_int == 303
    assert visitor.send("/account/sessions/revoke-others").status_int == 303
    assert visitor.state()["user"] == "demo"
    assert visitor.send("/logout").status_int == 303
    assert visitor.send("/register", username="hana", password=fields["new"]).status_int == 303
    assert visitor.state()["user"] == "hana"


def test_posts_need_a_token_of_this_site_S11(shop: Any) -> None:
    visitor, other = Visitor(shop), Visitor(shop)
    fields = {"sku": "ujeon", "csrf_token": visitor.token()}
    assert visitor.post("/cart/items", {"sku": "ujeon"}).status_int == 400
    foreign = {"sku": "ujeon", "csrf_token": other.token()}
    assert visitor.post("/cart/items", foreign).status_int == 400
    for name, value in (
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ):
        assert visitor.post("/cart/items", fields, {name: value}).status_int == 400
    assert visitor.state()["cart"]["quantity"] == 0
    here = {"Origin": "http://localhost:80", "Sec-Fetch-Site": "same-origin"}
    assert visitor.post("/cart/items", fields, here).status_int == 303
