"""The lab `redis-down`, with a server that refuses and one that hangs."""

from typing import Any

import pytest

from tests.lessons.labs.visiting import LABS, is_as_expected, sends
from tests.shops import Visitor


@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_redis_down(shop: Any, strategy: str, how: str, waited: list[tuple[int, float]]) -> None:
    visitor, neighbour = Visitor(shop), Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    neighbour.send("/cart/items", sku="ujeon")
    sends(visitor, "redis-down", how)
    is_as_expected(visitor, "redis-down", strategy)
    assert sum(seconds for _, seconds in waited) < 3
    assert bool(waited) == (strategy == "redis" and how == "hang")
    outcome = LABS["redis-down"].texts("en")["expected"][strategy]
    assert visitor.get("/").status_int == (503 if outcome == "none" else 200)
    assert visitor.get("/cart").status_int == (200 if outcome == "all" else 503)
    assert neighbour.get("/cart").status_int == neighbour.get("/").status_int == 200
    visitor.post("/labs/redis-down", {"csrf_token": neighbour.token(), "action": "reset"})
    assert visitor.cookie("lab-notes")  # another's token
    token = visitor.get("/labs/redis-down").html.find("input", {"name": "csrf_token"})["value"]
    visitor.post("/labs/redis-down", {"csrf_token": token, "action": "reset"})
    assert visitor.state()["cart"]["quantity"] == 1
