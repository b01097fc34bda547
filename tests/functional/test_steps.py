"""The time machine of /session: the last requests of this session, and of no other."""

import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pyramid.interfaces import IContextFound

from demoapp.front.timing import Stage
from demoapp.lessons.inspector.changes import LONGEST, MOST, changes
from demoapp.lessons.inspector.journal import Journal, Trail
from demoapp.lessons.inspector.tabs import tabs
from tests.functional.tab import Tab
from tests.shops import Visitor

StartShop = Callable[..., Any]


def steps(visitor: Visitor) -> list[Any]:
    """Latest first."""
    return list(visitor.get("/session").html.select(".steps-of ol > li"))


def requests(visitor: Visitor) -> list[str]:
    return [step.h3.get_text() for step in steps(visitor)]


def test_every_request_is_a_step(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    visitor.get("/products/ujeon")  # which shows that it was added
    visitor.get("/products/ujeon")
    read, shown, added = steps(visitor)
    assert [step.h3.get_text() for step in (read, shown)] == ["GET /products/ujeon"] * 2
    assert added.h3.get_text() == "POST /cart/items"
    assert "no cookie → a new one of " in added.get_text()
    assert 'session["cart"]["lines"]["ujeon"]' in added.get_text()
    assert "303" in added.get_text()
    assert "demoapp/shop/views/cart.py" in added.details.get_text()
    assert "def add(request" in added.details.pre.get_text()  # the lines that did it
    assert [ins.get_text() for ins in added.find_all("ins")][1] == "2"
    assert "_f_ok" in shown.find("li").get_text()
    assert "nothing in it has changed" in read.get_text()
    stored = strategy in ("redis", "database")
    assert f"round trips: {int(stored)} to read, 0 to write" in read.get_text()


def test_they_go_on_through_a_login_and_end_with_a_logout(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    visitor.log_in()
    assert requests(visitor)[0] == "POST /login"
    assert requests(visitor)[-1] == "POST /cart/items"
    visitor.send("/logout")
    visitor.send("/cart/items", sku="sejak")
    assert "POST /login" not in requests(visitor)
    told = "".join(step.get_text() for step in steps(visitor))
    assert "sejak" in told
    assert "ujeon" not in told


@pytest.mark.parametrize("strategy", ["memory", "redis", "database"])
def test_an_ended_id_leads_to_no_steps(start_shop: StartShop, strategy: str) -> None:
    shop = start_shop(strategy)
    visitor, other = Visitor(shop), Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    other.set_cookie("session", visitor.cookie() or "")
    assert requests(other)
    visitor.log_in()
    assert requests(other) == []


def test_an_older_signed_cookie_does_not_tell_of_the_next(start_shop: StartShop) -> None:
    """It still works, and may be in the hands of who has planted it."""
    shop = start_shop("custom")
    visitor, other = Visitor(shop), Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    other.set_cookie("session", visitor.cookie() or "")
    visitor.send("/cart/items", sku="sejak")
    visitor.log_in()
    assert requests(other) == ["POST /cart/items"]
    assert "POST /login" in requests(visitor)


def test_another_user_in_the_same_browser_sees_none_of_them(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.log_in("demo")
    visitor.send("/cart/items", sku="ujeon")
    visitor.log_in("minji")
    assert requests(visitor)[-1] == "POST /login"
    assert visitor.state()["cart"]["lines"] == []
    assert "ujeon" not in "".join(step.get_text() for step in steps(visitor))


def test_nobody_sees_those_of_another(shop: Any) -> None:
    visitor, other = Visitor(shop), Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    other.send("/cart/items", sku="sejak")
    assert "sejak" not in "".join(step.get_text() for step in steps(visitor))


def test_a_race_can_be_seen(start_shop: StartShop) -> None:
    """The slow tab has read the session; the fast one changes it; the slow one is replayed."""
    shop = start_shop("redis")
    slow = Tab(shop)
    slow.post("/cart/items", sku="ujeon")
    fast = slow.copy()
    raced = threading.Event()

    def overtake(event: Any) -> None:
        request = event.request
        if request.path == "/cart/items/ujeon" and not raced.is_set():
            raced.set()
            request.session.get("cart")
            thread = threading.Thread(
                target=fast.press, args=("/cart/items",), kwargs={"sku": "sejak"}
            )
            thread.start()
            thread.join()

    shop.registry.registerHandler(overtake, (IContextFound,))
    slow.post("/cart/items/ujeon", quantity="5")
    visitor = Visitor(shop)
    visitor.set_cookie("session", slow.cookies["session"])
    last, before = steps(visitor)[:2]
    assert (last.h3.get_text(), before.h3.get_text()) == (
        "POST /cart/items/ujeon",
        "POST /cart/items",
    )
    assert "replayed 1×" in last.get_text()
    assert "began before the step to its right had ended" in last.get_text()
    assert "replayed" not in before.get_text()
    # a tab waits for its answer, so this was another; without a form's mark, too
    assert last["data-tab"] != before["data-tab"]


# -- which tab


def seen(*trails: tuple[str, str | None, str | None, str]) -> list[int]:
    """The tabs of requests, one after the other: here, came from, leads to, mark."""
    return tabs(
        Trail(*trail, opens=True, begun=float(n), ended=n + 0.5) for n, trail in enumerate(trails)
    )


def test_links_lead_from_page_to_page_of_a_tab() -> None:
    assert seen(
        ("/a", None, None, ""),
        ("/b", "/a", None, ""),
        ("/c", "/a", None, ""),  # was opened in a tab of its own: the first shows b
        ("/d", "/b", None, ""),
        ("/e", "/c", None, ""),
        ("/typed", None, None, ""),  # nobody knows where
    ) == [1, 1, 2, 1, 2, 2]


def test_two_tabs_on_one_page_are_told_apart_by_their_forms() -> None:
    assert seen(
        ("/add", "/a", "/cart", "one"),
        ("/cart", "/a", None, ""),
        ("/add", "/b", "/cart", "two"),
        ("/cart", "/b", None, ""),
        ("/item", "/cart", "/cart", "one"),
        ("/cart", "/cart", None, ""),
        ("/item", "/cart", "/cart", "two"),
        ("/cart", "/cart", None, ""),
    ) == [1, 1, 2, 2, 1, 1, 2, 2]


def test_who_goes_back_is_no_other_tab() -> None:
    assert seen(
        ("/add", "/a", "/cart", "one"),
        ("/cart", "/a", None, ""),
        ("/c", "/cart", None, ""),
        ("/d", "/cart", None, ""),
    ) == [1, 1, 1, 1]


def test_a_form_tells_where_the_address_of_its_page_was_typed() -> None:
    assert seen(
        ("/add", "/a", "/cart", "one"),
        ("/add", "/b", "/cart", "two"),
        ("/new", None, None, ""),
        ("/add", "/new", "/cart", "one"),
    ) == [1, 2, 1, 1]


def test_requests_of_a_script_may_overlap_in_one_tab() -> None:
    both = [
        Trail("/x", "/a", None, "", opens=opens, begun=1.0, ended=9.0)
        for opens in (False, False, True)
    ]
    assert tabs(both[:2]) == [1, 1]
    assert tabs([both[2], both[2]]) == [1, 2]


def test_a_referer_that_is_none_of_ours_counts_as_none(start_shop: StartShop) -> None:
    visitor = Visitor(start_shop("memory"))
    visitor.send("/cart/items", sku="ujeon")
    for referer in ("http://[", "http://evil.example/cart", "\u00ff", "http://localhost/cart"):
        assert visitor.get("/cart", headers={"Referer": referer}).status_int == 200
    assert len(steps(visitor)) == 5


def test_what_is_kept_is_bounded() -> None:
    journal = Journal(sessions=3, steps=2)
    step: Any = SimpleNamespace(load=Stage(), save=Stage())
    for number in range(9):
        journal.note(f"session {number % 5}", step)
    for _ in range(5):
        journal.note("one", step)
    assert len(journal.of("one")) == 2
    assert sum(bool(journal.of(f"session {number}")) for number in range(5)) == 2


def test_long_values_and_paths_are_cut() -> None:
    """What a visitor can send must not fill the memory."""
    name, before, after = changes("{}", json.dumps({"key" * 99: "value" * 999}))[0]
    assert before is None
    assert len(name) <= LONGEST + 1
    assert len(str(after)) <= LONGEST + 1
    assert len(changes("{}", json.dumps({str(n): n for n in range(99)}))) == MOST


def test_twenty_are_kept(shop: Any) -> None:
    visitor = Visitor(shop)
    for number in range(25):
        visitor.send("/cart/items", sku="ujeon", quantity=str(number % 3 + 1))
    assert len(steps(visitor)) == 20
