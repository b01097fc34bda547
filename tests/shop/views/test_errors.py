"""What an error page offers: the same page again where that may help, and the shop in any case."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from demoapp.shop.views.errors import WAIT
from tests.shops import Visitor


@pytest.fixture
def shop(start_shop: Callable[..., Any]) -> Any:
    return start_shop("memory")


def offers(answer: Any) -> dict[str, str]:
    """Words and addresses of the links."""
    links = answer.html.find(class_="error-page").find(class_="actions").find_all("a")
    return {re.sub(r"\s+", " ", a.text).strip(): a["href"] for a in links}


def without_products(shop: Any) -> None:
    with shop.registry["dbsession_factory"].kw["bind"].begin() as connection:
        connection.execute(text("ALTER TABLE product RENAME TO gone"))


def test_what_is_not_there_is_not_asked_for_again(shop: Any) -> None:
    assert offers(Visitor(shop).get("/nothing")) == {"To the shop": "/"}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/nothing", "There is nothing at this address."),
        ("/products/nothing", "We do not sell that."),
        ("/orders/nothing", "You have no order with this number."),
        ("/labs/nothing", "There is no such lab."),
    ],
)
def test_what_is_missing_is_named_and_nobody_looks_logged_out(
    shop: Any, path: str, told: str
) -> None:
    visitor = Visitor(shop)
    visitor.log_in()
    page = visitor.get(path)
    assert page.html.find(class_="lead").text == told
    assert [link["href"] for link in page.html.find(class_="tools").find_all(class_="tool")] == [
        "/account/sessions"
    ]


def test_what_cannot_be_had_just_now_can_be_asked_for_again(shop: Any) -> None:
    without_products(shop)
    answer = Visitor(shop).get("/?category=green")
    assert answer.status_int == 503
    assert answer.headers["Retry-After"] == str(WAIT)
    assert f"Wait {WAIT} seconds" in answer.html.find(class_="error-page").text
    assert offers(answer) == {"Try again": "/?category=green", "To the shop": "/"}


def test_a_form_that_failed_leads_back_to_its_page(shop: Any) -> None:
    visitor = Visitor(shop)
    token = visitor.token()
    without_products(shop)
    fields = {"csrf_token": token, "sku": "ujeon"}
    for referer, page in (
        ("http://localhost/?q=tea", "/?q=tea"),
        ("https://evil.example/x", "/"),
        ("", "/"),
    ):
        answer = visitor.post("/cart/items", fields, headers={"Referer": referer})
        assert answer.status_int == 503
        assert offers(answer)["Try again"] == page
