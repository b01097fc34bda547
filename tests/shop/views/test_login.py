"""In and out: where a login leads to, and how a name is taken."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import Any

import pytest

from demoapp.shop.security import HASHER
from tests.shops import Visitor

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


@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
def test_a_name_is_registered_once_and_the_other_told_so(
    request: pytest.FixtureRequest,
    start_shop: Callable[..., Any],
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both find the name free, and one of them is faster to take it."""
    shop = start_shop("memory", **{"sqlalchemy.url": request.getfixturevalue(database)})
    both, attempts = Barrier(2), count()

    class Hasher:
        def hash(self, password: str) -> str:
            if next(attempts) < 2:
                both.wait(5)
            return HASHER.hash(password)

    monkeypatch.setattr("demoapp.shop.views.login.HASHER", Hasher())
    visitors = [Visitor(shop), Visitor(shop)]
    passwords = ["a good password", "another good password"]

    def register(visitor: Visitor, password: str) -> int:
        return int(visitor.send("/register", username="hana", password=password).status_int)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(register, visitors, passwords)) == [303, 400]


def test_a_name_is_measured_as_it_is_kept_I1(
    start_shop: Callable[..., Any], postgres_url: str
) -> None:
    shop = start_shop("memory", **{"sqlalchemy.url": postgres_url})
    for letters, status in (("ß" * 40, 400), ("ß" * 20, 303)):
        answer = Visitor(shop).send("/register", username=letters, password="a good password")
        assert answer.status_int == status
    assert Visitor(shop).log_in("ß" * 20, "a good password").status_int == 303


def test_login_rotates_and_logout_ends_S5_S6(shop: Any) -> None:
    visitor, thief = Visitor(shop), Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    before, first_token = visitor.cookie(), visitor.token()
    assert visitor.log_in().status_int == 303
    after = visitor.cookie()
    assert before != after
    assert visitor.token() != first_token
    assert visitor.state()["user"] == "demo"
    assert visitor.state()["cart"]["quantity"] == 1
    thief.set_cookie("session", before)
    assert thief.state()["user"] is None
    assert visitor.send("/logout").status_int == 303
    thief.set_cookie("session", after)
    assert thief.state()["user"] is None
    visitor.log_in()
    assert visitor.state()["cart"]["quantity"] == 1  # kept at logout, merged at login


def test_a_registered_visitor_is_logged_in_with_the_cart(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    assert visitor.send("/register", username="하은", password="a good password").status_int == 303
    assert visitor.state()["user"] == "하은"
    assert visitor.state()["cart"]["quantity"] == 1
    again = Visitor(shop).send("/register", username="하은", password="a good password")
    assert again.status_int == 303  # as its first answer may have been lost
    taken = Visitor(shop).send("/register", username="하은", password="another good password")
    assert taken.status_int == 400
    assert taken.html.find("input", {"name": "username"})["value"] == "하은"
