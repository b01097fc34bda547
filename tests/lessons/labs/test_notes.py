"""What the labs remember is in cookies of their own, and nobody else writes it."""

from base64 import urlsafe_b64decode as b64decode
from typing import Any

from tests.lessons.labs.visiting import is_as_expected, seen, sends
from tests.shops import Visitor


def test_labs_over_https_use_cookies_of_this_host_only_S10(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop, extra_environ={"wsgi.url_scheme": "https"})
    visitor.send("/cart/items", sku="ujeon")
    sends(visitor, "tamper", "mark")
    flipped = sends(visitor, "tamper", "flip").headers.getall("Set-Cookie")
    assert {cookie.partition("-")[0] for cookie in flipped} == {"__Host"}
    for cookie in flipped:
        assert {"HttpOnly", "SameSite=Lax", "Path=/", "secure"} <= set(cookie.split("; "))
        assert len(cookie) < 4096
    is_as_expected(visitor, "tamper", strategy)
    sends(visitor, "tamper", "reset")
    assert visitor.state()["cart"]["quantity"] == 1


def test_a_lab_leaves_nothing_in_the_session(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "tamper", "mark")
    record = visitor.state()["handle"]
    sends(visitor, "tamper", "flip")
    kept = Visitor(shop)
    kept.set_cookie("session", visitor.cookie("lab-aside"))
    assert kept.state()["handle"] == record
    sends(visitor, "tamper", "reset")
    if strategy == "custom":
        assert b'"lab"' not in b64decode(str(visitor.cookie()) + "==")
    else:  # there was nothing else in it, so it is gone
        assert visitor.cookie() is None
        assert kept.state()["handle"] is None


def test_notes_that_were_not_written_by_the_shop_are_ignored(shop: Any) -> None:
    visitor = Visitor(shop)
    for forged in ("x", "e30", "A" * 400, "한글".encode().hex()):
        visitor.set_cookie("lab-notes", forged)
        for lab in ("restart", "overflow", "redis-down"):
            page = visitor.get(f"/labs/{lab}")
            assert page.status_int == 200
            assert seen(page) is None
