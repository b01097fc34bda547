"""Checkout keeps what was typed, and many orders come in pages."""

from typing import Any

from sqlalchemy import event, select

from demoapp.shop.models import Order, OrderLine, User
from tests.shops import Visitor, order_of


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
