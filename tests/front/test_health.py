"""/healthz asks nobody; /readyz names what does not answer."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from tests.processes import free_port
from tests.shops import Visitor


def test_a_shop_that_works_is_ready(shop: Any) -> None:
    answer = Visitor(shop).get("/readyz")
    assert (answer.status_int, answer.json) == (200, {"status": "ready", "failing": []})
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_does_not_answer_is_named_and_the_process_is_up(
    start_shop: Callable[..., Any],
) -> None:
    shop = start_shop("redis", **{"session.redis.url": f"redis://127.0.0.1:{free_port()}/0"})
    with shop.registry["dbsession_factory"].kw["bind"].begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    visitor = Visitor(shop)
    answer = visitor.get("/readyz")
    assert answer.status_int == 503
    assert answer.json == {"status": "not ready", "failing": ["database", "session store"]}
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.get("/healthz").text == "ok\n"
