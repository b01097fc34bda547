"""What /metrics tells of requests and sessions."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from demoapp.sessions.interfaces import ISessionStore, SessionConflict
from tests.servers import RedisServer
from tests.shops import Visitor


def figures(visitor: Visitor) -> dict[str, float]:
    text = visitor.get("/metrics").text
    return {
        name: float(value) for name, value in re.findall(r"^(shop_\S+) (\S+)$", text, re.MULTILINE)
    }


def test_requests_are_counted_by_route(shop: Any) -> None:
    visitor = Visitor(shop)
    for path in ("/products/ujeon", "/products/sejak", "/products/none", "/no-such"):
        visitor.get(path)
    visitor.request("/cart", method="TRACE")
    found = figures(visitor)

    def count(method: str, route: str, status: int) -> float:
        labels = f'method="{method}",route="{route}",status="{status}"'
        return found[f"shop_requests_total{{{labels}}}"]

    assert count("GET", "product", 200) == 2
    assert count("GET", "product", 404) == 1
    assert count("GET", "none", 404) == 1
    assert any(key.startswith('shop_requests_total{method="other"') for key in found)
    assert found['shop_request_seconds_count{route="product"}'] == 3
    assert found["shop_requests_active"] == 1  # the one that asks


def test_loads_and_saves_are_counted(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    token = visitor.token()  # and the message that it was added has been shown
    before = figures(visitor)
    visitor.post("/cart/items", {"sku": "ujeon", "csrf_token": token})
    visitor.get("/session.json")
    visitor.get("/healthz")
    after = figures(visitor)

    def grown(stage: str) -> float:
        key = f'shop_session_seconds_count{{stage="{stage}"}}'
        return after[key] - before[key]

    assert grown("load") == 2
    assert grown("save") == 1
    assert not any("errors" in key for key in after)


@pytest.mark.parametrize("strategy", ["memory", "redis", "database"])
def test_conflicts_and_replays_are_counted(start_shop: Callable[..., Any], strategy: str) -> None:
    shop = start_shop(strategy, **{"retry.attempts": "3"})
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    visitor.token()
    store = shop.registry.getUtility(ISessionStore).inner
    real, left = store.prepare, [2]

    def lose_twice(request: Any, change: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise SessionConflict("another was first")
        real(request, change)

    store.prepare = lose_twice
    assert visitor.send("/cart/items", sku="ujeon").status_int == 303
    found = figures(visitor)
    assert found['shop_replays_total{error="SessionConflict"}'] == 2
    assert found['shop_session_errors_total{error="SessionConflict",stage="save"}'] == 2
    added = 'shop_requests_total{method="POST",route="cart_items",status="303"}'
    assert found[added] == 2  # answers, not attempts


def test_errors_of_the_store_are_counted(start_shop: Callable[..., Any]) -> None:
    with RedisServer() as server:
        shop = start_shop("redis", **{"session.redis.url": server.url})
        visitor = Visitor(shop)
        visitor.send("/cart/items", sku="ujeon")
        server.stop()
        assert visitor.get("/cart").status_int == 503
        assert visitor.get("/").status_int == 200
    found = figures(visitor)
    assert found['shop_session_errors_total{error="SessionStoreUnavailable",stage="load"}'] == 2


def test_metrics_hold_nothing_of_a_visitor_S2(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.log_in()
    visitor.get("/?q=secret-wish")
    text = visitor.get("/metrics").text
    for secret in (visitor.cookie(), visitor.cookie("csrf"), "secret-wish", "demo"):
        assert secret
        assert secret not in text
