"""The whole shop through its forms, on every strategy, against real stores."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, select

from demoapp.shop.cart import MAX_QUANTITY
from demoapp.shop.models import Order, OrderLine, User
from tests.shops import Visitor


@pytest.fixture
def memory(start_shop: Callable[..., Any]) -> Any:
    return start_shop("memory")


PAGES = (
    "/",
    "/?q=yuja",
    "/?category=green",
    "/products/ujeon",
    "/cart",
    "/login",
    "/register",
    "/session",
    "/strategies",
    "/strategies/redis",
    "/labs",
    "/labs/race",
    "/session.json",
    "/healthz",
    "/readyz",
    "/metrics",
)


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_every_page_of_the_contract_answers(shop: Any, locale: str) -> None:
    visitor = Visitor(shop)
    visitor.set_cookie("locale", locale)
    for path in PAGES:
        assert visitor.get(path).status_int == 200, path
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    for path in ("/", "/cart", "/checkout", "/orders", "/account/sessions", "/session"):
        answer = visitor.get(path)
        assert answer.status_int == 200, path
        assert f'lang="{locale}"' in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/?category=green", "/?category=gone", "/?q=tea", "/products/ujeon"]
)
def test_every_card_has_an_add_form(memory: Any, path: str) -> None:
    """Of its own: a reader, a robot and a test find it there, and need not know which button."""
    visitor = Visitor(memory)
    page = visitor.get(path)
    cards = page.html.select("main .card")
    assert len(cards) > 2
    forms = [form for form in page.forms.values() if "sku" in form.fields]
    for number, card in enumerate(cards, start=1):
        [form] = card.select("form[action$='/cart/items']")
        sku = form.select_one("input[name=sku]")["value"]
        assert card.select_one("a")["href"].endswith(f"/products/{sku}")
        [filled] = [one for one in forms if one["sku"].value == sku and card["id"] in one.text]
        assert filled.submit().status_int == 303
        assert visitor.state()["cart"]["quantity"] == number


def test_browsing_begins_no_session_S4(shop: Any) -> None:
    visitor = Visitor(shop)
    for path in PAGES:
        visitor.get(path)
    visitor.send("/logout")
    assert visitor.cookie() is None
    assert visitor.state()["handle"] is None


def test_cart_counts_and_is_emptied(shop: Any) -> None:
    visitor = Visitor(shop)
    for _ in range(2):
        assert visitor.send("/cart/items", sku="ujeon", quantity="2").status_int == 303
    cart = visitor.state()["cart"]
    assert cart["quantity"] == 4
    assert cart["total"] == 4 * cart["lines"][0]["unit_price"]
    assert visitor.send("/cart/items/ujeon", quantity="1").status_int == 303
    assert visitor.state()["cart"]["quantity"] == 1
    assert visitor.send("/cart/items/ujeon", quantity="0").status_int == 303
    assert visitor.state()["cart"]["lines"] == []
    visitor.send("/cart/items", sku="sejak")
    assert visitor.send("/cart/clear").status_int == 303
    assert visitor.state()["cart"]["lines"] == []


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


def test_a_new_password_rotates_and_ends_the_other_sessions_S5_S6(shop: Any) -> None:
    visitor, other, thief = Visitor(shop), Visitor(shop), Visitor(shop)
    visitor.log_in()
    other.log_in()
    before, first_token = visitor.cookie(), visitor.token()
    fields = {"current": "pyramid tea house", "new": "another good password"}
    assert visitor.send("/account/password", **fields).status_int == 303
    assert (visitor.cookie(), visitor.token()) != (before, first_token)
    assert visitor.state()["user"] == "demo"
    assert other.state()["user"] is None
    thief.set_cookie("session", before)
    assert thief.state()["user"] is None
    assert Visitor(shop).log_in().status_int == 400
    assert Visitor(shop).log_in(password="another good password").status_int == 303


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


def order_of(visitor: Visitor, **fields: str) -> dict[str, str]:
    cart_id = visitor.state()["cart"]["id"]
    return {"name": "김민지", "address": "서울", "cart_id": cart_id, **fields}


def test_an_order_is_placed_once_F6(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="1")
    order = order_of(visitor)
    first, second = visitor.send("/checkout", **order), visitor.send("/checkout", **order)
    assert first.status_int == second.status_int == 303
    assert first.location == second.location
    assert "order-done" in visitor.get(first.location).text  # thanks, once
    assert "order-done" not in visitor.get(first.location).text
    assert visitor.state()["cart"]["quantity"] == 0
    assert first.location.rpartition("/")[2] in visitor.get("/orders").text


def test_an_order_whose_answer_was_lost_is_found_F4(start_shop: Callable[..., Any]) -> None:
    """The database has it, the session (here: the cookie) does not know yet."""
    visitor = Visitor(start_shop("custom"))
    visitor.send("/cart/items", sku="ujeon")
    before = visitor.cookie()
    placed = visitor.send("/checkout", **order_of(visitor)).location
    for page in (placed, "/orders"):
        visitor.set_cookie("session", before)
        assert placed.rpartition("/")[2] in visitor.get(page).text


def test_anothers_order_is_not_found_A5(shop: Any) -> None:
    visitor, guest, minji = Visitor(shop), Visitor(shop), Visitor(shop)
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    placed = visitor.send("/checkout", **order_of(visitor)).location
    minji.log_in("minji")
    for other in (guest, minji):
        assert other.get(placed).status_int == 404
        assert other.get("/orders/%00").status_int in (400, 404)
    handle = visitor.state()["handle"]
    assert minji.send(f"/account/sessions/{handle}/revoke").status_int == 404
    assert visitor.state()["user"] == "demo"


def test_who_logs_in_after_another_user_sees_nothing_of_that_one_A5(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    placed = visitor.send("/checkout", **order_of(visitor)).location
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    assert visitor.log_in("minji").status_int == 303  # without logging out first
    assert (visitor.state()["user"], visitor.state()["cart"]["quantity"]) == ("minji", 0)
    assert visitor.get(placed).status_int == 404
    assert visitor.log_in().status_int == 303
    assert visitor.state()["cart"]["quantity"] == 2  # kept for its owner
    assert visitor.get(placed).status_int == 200


def test_a_refused_checkout_keeps_what_was_typed_and_the_cart(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    refused = visitor.send("/checkout", **order_of(visitor, name=" ", address="제주시 1"))
    assert refused.status_int == 400
    assert "제주시 1" in refused.html.find("textarea", {"name": "address"}).text
    assert visitor.send("/checkout", **order_of(visitor, cart_id="old")).status_int == 400
    assert visitor.state()["cart"]["quantity"] == 1
    ordered = order_of(visitor)
    visitor.send("/cart/clear")  # in another tab; or the session has ended
    empty = visitor.send("/checkout", **ordered)
    assert empty.status_int == 400
    assert "Your cart has changed." in empty.html.find(class_="empty").text


def test_more_than_the_stock_is_not_sold_F7(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="sejak", quantity="1")
    visitor.send("/cart/items", sku="ujeon", quantity="999")
    refused = visitor.send("/checkout", **order_of(visitor))
    assert refused.status_int == 409
    assert refused.html.find("textarea", {"name": "address"}).text.strip() == "서울"
    assert visitor.state()["cart"]["quantity"] == 1000  # as it was
    assert visitor.send("/cart/items/ujeon", quantity="1").status_int == 303
    assert visitor.send("/checkout", **order_of(visitor)).status_int == 303


def test_one_limit_for_a_line_in_the_page_and_on_the_server_I2(memory: Any) -> None:
    visitor = Visitor(memory)
    stock = {"ujeon": 24}
    visitor.send("/cart/items", sku="ujeon", quantity=str(MAX_QUANTITY))
    page = visitor.get("/cart").html
    assert page.find("input", {"type": "number"})["max"] == str(MAX_QUANTITY)
    assert "24" in page.find(class_="stock-hint").text
    assert "lower the quantities" in page.find(id="short").text
    assert page.find(class_="summary").find("button").has_attr("disabled")
    assert visitor.get("/checkout").location == "http://localhost/cart"
    for path, quantity in (("/cart/items", 1), ("/cart/items/ujeon", MAX_QUANTITY + 1)):
        refused = visitor.send(path, sku="ujeon", quantity=str(quantity))
        assert refused.status_int == 400
        assert f"at most {MAX_QUANTITY} pieces" in refused.html.find(class_="alert").text
    visitor.send("/cart/items/ujeon", quantity=str(stock["ujeon"]))
    assert visitor.get("/cart").html.find(id="short") is None
    assert visitor.get("/checkout").status_int == 200
    shown = visitor.get("/products/ujeon").html.find("input", {"type": "number"})
    assert shown["max"] == "24"


def test_asking_for_the_head_of_a_page_takes_nothing_from_it(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    assert visitor.head("/cart").status_int == visitor.head("/").status_int == 200
    assert visitor.get("/cart").html.find(class_="flash")
    placed = visitor.send("/checkout", **order_of(visitor)).location
    assert visitor.head(placed).status_int == 200
    assert "order-done" in visitor.get(placed).text
    for path, status in (("/login", 200), ("/nowhere", 404)):
        length, whole = visitor.head(path, status=status), visitor.get(path, status=status)
        assert length.headers["Content-Length"] == str(len(whole.body)), path


def orders_of_demo(shop: Any, count: int) -> None:
    """So many, one a second, of two lines each."""
    with shop.registry["dbsession_factory"].begin() as session:
        user = session.scalars(select(User).where(User.username == "demo")).one()
        for n in range(count):
            lines = [OrderLine(sku=sku, name=sku, unit_price=9, quantity=1) for sku in "ab"]
            texts = {"number": f"N{n}", "cart_id": f"c{n}", "name": "민지", "address": "서울"}
            session.add(Order(user_id=user.id, created=float(n), total=18, lines=lines, **texts))


def test_many_orders_come_in_pages(memory: Any) -> None:
    visitor, statements = Visitor(memory), []
    orders_of_demo(memory, 45)
    visitor.log_in()
    visitor.get("/orders")  # which reads the welcome
    engine = memory.registry["dbsession_factory"].kw["bind"]
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    counts, seen, page = [], [], visitor.get("/orders")
    while True:
        counts.append(len(statements))
        statements.clear()
        seen += [link["href"].rpartition("/N")[2] for link in page.html.select(".orders a")]
        if not (older := page.html.find("a", {"rel": "next"})):
            break
        page = visitor.get(older["href"])
    assert seen == [str(n) for n in reversed(range(45))]
    assert len(counts) == 3
    assert counts[0] == counts[1] == counts[2] < 9
    assert page.html.find("a", {"rel": "prev"})["href"] == "/orders?page=2"
    for nowhere in ("0", "4", "-1", "x", "９", "9" * 5000, ""):
        assert visitor.get("/orders", {"page": nowhere}).status_int == 404
    assert Visitor(memory).get("/orders?page=1").status_int == 200


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


def test_parallel_adds_on_one_session_F8(
    start_shop: Callable[..., Any], strategy: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "txn")
    shop = start_shop(strategy)
    first = Visitor(shop)
    first.send("/cart/items", sku="ujeon")
    fields = {"sku": "ujeon", "quantity": "1", "csrf_token": first.token()}
    cookies = {name: first.cookie(name) for name in ("session", "csrf")}

    def add(_: int) -> int:
        visitor = Visitor(shop)
        for name, value in cookies.items():
            visitor.set_cookie(name, value)
        return int(visitor.post("/cart/items", fields).status_int)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(add, range(40)))
    assert set(answers) == {303}
    # a cookie knows nothing of the other answers: the last one to arrive wins, as documented
    assert first.state()["cart"]["quantity"] == (1 if strategy == "custom" else 41)
