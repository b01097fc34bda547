"""The lab `devices` on every strategy."""

from typing import Any

from tests.lessons.labs.visiting import is_as_expected, seen, sends
from tests.shops import Visitor


def test_devices(shop: Any, strategy: str) -> None:
    laptop, phone = Visitor(shop), Visitor(shop)
    laptop.log_in()
    phone.log_in()
    sends(phone, "devices", "other")
    assert seen(phone.get("/labs/devices")) is None
    sends(laptop, "devices", "end-others")
    is_as_expected(phone, "devices", strategy)
    page = laptop.get("/labs/devices")
    assert laptop.state()["user"] == "demo"
    listed = page.html.find(id="observed").find_all("dd")[1].get_text()
    assert listed == ("cannot be listed with this strategy" if strategy == "custom" else "1")
