"""The lab `migrate`, with `session.migrate_from` and without."""

import pytest

from tests.lessons.labs.visiting import StartShop, is_as_expected, observed, seen, sends
from tests.shops import Visitor


@pytest.mark.parametrize("moving", [False, True])
def test_migrate(start_shop: StartShop, strategy: str, moving: bool) -> None:
    before = "database" if strategy == "redis" else "redis"
    extra = {"session.migrate_from": before} if moving else {}
    old = start_shop(before, **({"session.redis.url": "redis://"} if before == "database" else {}))
    url = old.registry["dbsession_factory"].kw["bind"].url.render_as_string(hide_password=False)
    if before == "redis":
        extra["session.redis.url"] = old.registry.settings["session.redis.url"]
    new = start_shop(strategy, **{"sqlalchemy.url": url}, **extra)
    visitor = Visitor(old)
    sends(visitor, "migrate", "mark")
    assert seen(visitor.get("/labs/migrate")) is None
    visitor.app = new
    if moving:
        assert observed(visitor.get("/labs/migrate"), "migrate") == "kept"
        assert "This is how the strategy works." in visitor.get("/labs/migrate").text
    else:
        is_as_expected(visitor, "migrate", strategy)
