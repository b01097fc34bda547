"""Server-Timing: the round trips that a session costs are those that its store has counted."""

import re
from collections.abc import Callable
from typing import Any

from redis import Redis
from sqlalchemy import event

from tests.servers import RedisServer
from tests.shops import Visitor

StartShop = Callable[..., Any]


def trips(answer: Any) -> dict[str, int]:
    header = answer.headers.get("Server-Timing", "")
    pattern = r'(session-\w+);dur=[0-9.]+;desc="(\d+) trips?"'
    return {name: int(count) for name, count in re.findall(pattern, header)}


def test_round_trips_are_those_that_redis_has_counted(
    start_shop: StartShop, redis_server: RedisServer
) -> None:
    visitor = Visitor(start_shop("redis"))
    visitor.send("/cart/items", sku="ujeon")
    visitor.send("/cart/items", sku="ujeon")  # the scripts are loaded
    with Redis.from_url(redis_server.url) as redis:
        fields = {"csrf_token": visitor.token(), "sku": "ujeon"}
        for path in ("/session", "/cart/items", "/cart/clear"):
            redis.config_resetstat()
            answer = visitor.get(path) if path == "/session" else visitor.post(path, fields)
            stats = redis.info("commandstats")
            asked = ("getex", "evalsha", "set", "eval")
            # commands inside a script are counted by Redis as well: EVALSHA stands for them
            sent = sum(
                stats[f"cmdstat_{name}"]["calls"]
                for name in asked
                if f"cmdstat_{name}" in stats and not (name == "set" and "cmdstat_evalsha" in stats)
            )
            assert sum(trips(answer).values()) == sent > 0


def test_round_trips_are_those_that_the_database_has_counted(start_shop: StartShop) -> None:
    shop = start_shop("database")
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    token = visitor.token()
    statements: list[str] = []

    def note(c: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if re.search(r"\b(FROM|INTO|UPDATE) session\b", statement):
            statements.append(statement)

    visitor.get("/cart")
    event.listen(shop.registry["dbsession_factory"].kw["bind"], "before_cursor_execute", note)
    read = visitor.get("/cart")
    assert trips(read) == {"session-load": 1}
    assert len(statements) == 1
    statements.clear()
    added = visitor.post("/cart/items", {"csrf_token": token, "sku": "ujeon"})
    assert trips(added) == {"session-load": 1, "session-save": 1}
    assert len(statements) == 2


def test_only_answers_that_touched_the_session_carry_the_header(shop: Any) -> None:
    visitor = Visitor(shop)
    assert "Server-Timing" not in visitor.get("/healthz").headers
    assert trips(visitor.get("/")) == {"session-load": 0}
    assert "session-save" in trips(visitor.send("/cart/items", sku="ujeon"))
    visitor.get("/cart")
    assert set(trips(visitor.get("/cart"))) == {"session-load"}
