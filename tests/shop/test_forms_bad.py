"""Fields that no form sends (I2)."""

from typing import Any

import pytest

from tests.shops import Visitor


@pytest.fixture
def shop(lasting_shop: Any) -> Any:
    """None of these requests should leave a trace."""
    return lasting_shop


QUANTITIES = ["-1", "1000000000", "１", "1e1", "", " ", "1.0", "0x1", "\0", "9" * 5000, "NaN"]


@pytest.mark.parametrize("bad", QUANTITIES, ids=lambda bad: repr(bad[:12]))
def test_a_bad_quantity_keeps_the_cart_I2(shop: Any, bad: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    for path in ("/cart/items", "/cart/items/ujeon"):
        refused = visitor.send(path, sku="ujeon", quantity=bad)
        assert refused.status_int == 400
        assert refused.html.find("form") is not None
        assert "Traceback" not in refused.text
    assert visitor.state()["cart"]["quantity"] == 2


def test_fields_sent_twice_or_as_files_keep_the_cart_I2(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    token = visitor.token()
    twice = [("csrf_token", token), ("sku", "ujeon"), ("quantity", "1"), ("quantity", "2")]
    assert visitor.post("/cart/items", twice).status_int == 400
    upload = [("quantity", "a.txt", b"1")]
    fields = {"csrf_token": token, "sku": "ujeon"}
    assert visitor.post("/cart/items", fields, upload_files=upload).status_int == 400
    stolen = [("csrf_token", "a.txt", b"1")]
    assert visitor.post("/cart/items", {"sku": "ujeon"}, upload_files=stolen).status_int == 400
    for sku in ("", "no-such", "\0", "ujeon\0", "' OR 1=1 --", "차"):
        assert visitor.send("/cart/items", sku=sku).status_int == 400
    assert visitor.state()["cart"]["quantity"] == 2


BAD_TEXT = ["", "   ", "\0", "\x1b[31m", "x" * 2000, "�"]


@pytest.mark.parametrize("bad", BAD_TEXT, ids=lambda bad: repr(bad[:12]))
def test_bad_texts_get_the_form_again_I2(shop: Any, bad: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    cart = visitor.state()["cart"]["id"]
    for field in ("name", "address"):
        order = {"name": "민지", "address": "서울", "cart_id": cart, field: bad}
        assert visitor.send("/checkout", **order).status_int == 400, field
    for path in ("/login", "/register"):
        refused = visitor.send(path, username=bad, password="a good password")
        assert refused.status_int == 400, path
    assert visitor.state()["cart"]["quantity"] == 1
