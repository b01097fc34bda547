"""`session.migrate_from` where one of the two strategies is a cookie, ours or another package's."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from demoapp.sessions.database import sessions
from demoapp.sessions.ini import SettingsError
from tests.servers import RedisServer
from tests.sessions.migration.moving import arrive, cookies_of, shopper
from tests.shops import Visitor


def test_what_cannot_be_read_is_replaced_by_a_fresh_session_S14(
    start_shop: Callable[..., Any], sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    base = {"sqlalchemy.url": sqlite_url}
    before = start_shop("database", **base)
    old = cookies_of(shopper(before))
    with before.registry["dbsession_factory"].begin() as session:
        session.execute(update(sessions).values(format=99))
    after = start_shop("custom", **base, **{"session.migrate_from": "database"})
    visitor = arrive(after, old)
    assert visitor.state()["user"] is None
    assert "is replaced by a fresh one" in caplog.text
    assert visitor.send("/cart/items", sku="sejak").status_int == 303
    assert visitor.state()["cart"]["quantity"] == 1


# pyramid_session_redis 1.8.1 calls SETEX, which redis-py 8 would like to see as SET
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_sessions_that_another_package_began_in_one_second_are_told_apart(
    start_shop: Callable[..., Any],
    sqlite_url: str,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)
    base = {
        "sqlalchemy.url": sqlite_url,
        "session.custom.factory": "pyramid_session_redis.session_factory_from_settings",
        "redis.sessions.secret": "a-secret-of-the-tests-0123456789",
        "redis.sessions.redis_url": redis_server.url,
        "redis.sessions.cookie_name": "foreign",
    }
    before = start_shop("custom", **base)
    guests = [Visitor(before), Visitor(before)]
    for guest in guests:
        guest.send("/cart/items", sku="ujeon")
    after = start_shop("database", **base, **{"session.migrate_from": "custom"})
    for guest in guests:
        moved = arrive(after, cookies_of(guest))
        assert moved.send("/cart/items", sku="ujeon").status_int == 303
        assert moved.state()["cart"]["quantity"] == 2


def test_no_session_can_be_moved_into_another_packages_factory(
    start_shop: Callable[..., Any],
) -> None:
    factory = {"session.custom.factory": "pyramid_beaker.session_factory_from_settings"}
    with pytest.raises(SettingsError, match=r"migrate_from .* pyramid_beaker"):
        start_shop("custom", **factory, **{"session.migrate_from": "database"})
