"""The lab `overflow` on every strategy."""

from typing import Any

from tests.lessons.labs.visiting import is_as_expected, sends
from tests.shops import Visitor


def test_overflow(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    before = visitor.state()["cart"]
    sends(visitor, "overflow", "run")
    is_as_expected(visitor, "overflow", strategy)
    figures = visitor.get("/labs/overflow").html.find(id="observed").find_all("dd")
    letters, hangul, status = (int(figure.get_text().replace(",", "")) for figure in figures)
    assert 2.5 * hangul < letters < 3.5 * hangul
    assert (2000 < letters < 4096) if strategy == "custom" else (64000 < letters <= 65536)
    assert status == 413
    assert visitor.state()["cart"] == before
    assert len(visitor.cookie() or "") < 600
