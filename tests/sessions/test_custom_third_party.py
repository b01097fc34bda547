"""`session.custom.factory`: add-ons that people have, used as they are."""

from pathlib import Path
from typing import Any

import pytest

from demoapp.sessions.ini import SettingsError
from tests.servers import RedisServer
from tests.sessions.beds import open_app
from tests.sessions.visitor import Visitor
from tests.shops import SECRET


def used(app: Any, name: str) -> None:
    """Add, read, change, invalidate, and start over."""
    visitor = Visitor(app)
    visitor.name = name
    visitor.put(cart=[1])
    assert visitor.cookie
    assert visitor.data()["cart"] == [1]
    visitor.do(lambda request: request.session.update({"cart": [*request.session["cart"], 2]}))
    assert visitor.data()["cart"] == [1, 2]
    visitor.do(lambda request: request.session.flash("tea"))
    assert visitor.do(lambda request: request.session.pop_flash()) == ["tea"]
    token = visitor.do(lambda request: request.session.get_csrf_token())
    assert visitor.do(lambda request: request.session.get_csrf_token()) == token
    visitor.do(lambda request: request.session.invalidate())
    assert "cart" not in visitor.data()
    visitor.put(cart=[3])
    assert visitor.data()["cart"] == [3]


# pyramid_session_redis 1.8.1 calls SETEX, which redis-py 8 would like to see as SET
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_pyramid_session_redis(redis_server: RedisServer) -> None:
    settings = {
        "session.strategy": "custom",
        "session.custom.factory": "pyramid_session_redis.session_factory_from_settings",
        "redis.sessions.secret": SECRET,
        "redis.sessions.redis_url": redis_server.url,
        "redis.sessions.cookie_name": "theirs",
    }
    used(open_app(settings), "theirs")


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_pyramid_beaker(tmp_path: Path, kind: str) -> None:
    """It reads `session.*` too, so its own keys have the longer prefix; ours do it no harm.

    Its third type, cookie, forgets to save an invalidate(); the type of a shop must not.
    """
    settings = {
        "session.strategy": "custom",
        "session.custom.factory": "pyramid_beaker.session_factory_from_settings",
        "session.idle_timeout": "100",
        "session.touch_interval": "10",
        "session.cookie_secure": "auto",
        "beaker.session.type": kind,
        "beaker.session.key": "theirs",
        "beaker.session.data_dir": str(tmp_path),
        "beaker.session.secret": SECRET,
        "beaker.session.validate_key": SECRET,
        "beaker.session.samesite": "Lax",
        "beaker.session.data_serializer": "json",
    }
    used(open_app(settings), "theirs")


def shouting(settings: Any) -> Any:
    """A maker of one's own: it is given the settings as they are."""
    from pyramid.session import SignedCookieSessionFactory

    return SignedCookieSessionFactory(settings["my.secret"], cookie_name="MINE")


def test_maker_of_ones_own() -> None:
    settings = {
        "session.strategy": "custom",
        "session.custom.factory": "tests.sessions.test_custom_third_party.shouting",
        "my.secret": SECRET,
    }
    used(open_app(settings), "MINE")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no.such.module", "No module named"),
        ("demoapp.sessions.custom.missing", "No module named"),
        ("not a name", "not a name"),
        ("demoapp.sessions.custom.COOKIE_LIMIT", "is not a function"),
    ],
)
def test_maker_that_is_none(name: str, why: str) -> None:
    with pytest.raises(SettingsError, match=r"session\.custom\.factory") as caught:
        open_app({"session.strategy": "custom", "session.custom.factory": name})
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
