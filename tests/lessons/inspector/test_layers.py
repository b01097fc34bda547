"""What every layer of /session tells of a session that is not ours."""

import json

import pytest

from tests.lessons.inspector.reading import StartShop, layer, row
from tests.servers import RedisServer
from tests.shops import SECRET, Visitor

FOREIGN = {
    "pyramid_beaker.session_factory_from_settings": {
        "beaker.session.type": "memory",
        "beaker.session.key": "session",
    },
    "pyramid_session_redis.session_factory_from_settings": {
        "redis.sessions.secret": SECRET,
        "redis.sessions.cookie_samesite": "Lax",
    },
}


# pyramid_session_redis calls SETEX, of which redis-py says that it is deprecated
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
@pytest.mark.parametrize("factory", FOREIGN)
def test_a_foreign_session_is_shown_as_far_as_it_can_be_known(
    start_shop: StartShop, factory: str, redis_server: RedisServer
) -> None:
    settings = {"session.custom.factory": factory, **FOREIGN[factory]}
    if "redis" in factory:
        settings["redis.sessions.redis_url"] = redis_server.url
    visitor = Visitor(start_shop("custom", **settings))
    assert visitor.get("/session?raw=1").status_int == 200
    visitor.send("/cart/items", sku="ujeon")
    page = visitor.get("/session?raw=1")
    assert page.status_int == 200
    assert json.loads(row(page, "session", 'session["cart"]'))["lines"] == {"ujeon": 1}
    for name in ("cookie", "check", "record"):
        assert factory in layer(page, name).get_text()
    assert "round trips unknown" in layer(page, "cost").get_text()
    assert 'desc="unknown"' in page.headers["Server-Timing"]


def test_our_own_factory_is_ours_by_any_name(start_shop: StartShop) -> None:
    """What it is counts, not what the ini file calls it."""
    named = {"session.custom.factory": "demoapp.sessions.custom.SignedCookies"}
    visitor = Visitor(start_shop("custom", **named))
    visitor.send("/cart/items", sku="ujeon")
    page = visitor.get("/session")
    assert named["session.custom.factory"] not in page.text
    assert 'desc="0 trips"' in page.headers["Server-Timing"]
