"""The time machine of /session: the last requests of this session, and of no other."""

import threading
from typing import Any

import pytest
from pyramid.interfaces import IContextFound

from tests.functional.tab import Tab
from tests.lessons.inspector.reading import StartShop, requests, steps
from tests.shops import Visitor


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
