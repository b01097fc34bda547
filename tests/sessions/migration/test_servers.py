"""`session.migrate_from` while the old store cannot delete: what was moved and ended stays ended.

The old store is a Redis that still answers reads: an operator has put it aside with an ACL, or
it goes down between the database's vote and the deletion. Moving or logging out may be refused
meanwhile (503); but what was answered with success is true, and stays true when the old
store is itself again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from demoapp.sessions.interfaces import SessionError
from tests.servers import RedisServer
from tests.sessions.bare import Place, open_bare
from tests.sessions.beds import Clock
from tests.sessions.migration.moving import arrive, cookies_of
from tests.sessions.saboteur import Saboteur
from tests.sessions.visitor import Visitor as BareVisitor
from tests.shops import Visitor

READS = ("get", "getex", "mget", "ttl", "pttl", "exists", "type", "strlen", "ping", "info", "time")
"""What is no change; GETEX moves the time to live alone."""


@pytest.fixture
def old(redis_server: RedisServer) -> Iterator[Place]:
    place = Place("redis", redis_server.url)
    yield place
    place.redis.acl_deluser("old")
    place.close()


@pytest.fixture
def old_url(old: Place) -> str:
    """Of a user who may do everything, for now."""
    old.redis.execute_command("ACL", "SETUSER", "old", "reset", "on", ">tea", "~*", "&*", "+@all")
    return str(old.settings["session.redis.url"]).replace("redis://", "redis://old:tea@")


@contextmanager
def reading_only(old: Place) -> Iterator[None]:
    rules = [f"+{command}" for command in READS]
    old.redis.execute_command("ACL", "SETUSER", "old", "-@all", *rules)
    yield
    old.redis.execute_command("ACL", "SETUSER", "old", "+@all")


def post(visitor: Visitor, path: str, **fields: str) -> int:
    """The status; 503 as well where the page with the form says so already."""
    page = visitor.get("/cart")
    if page.status_int == 503:
        return 503
    return int(visitor.send(path, **fields).status_int)


def nobody(shop: Any, cookies: dict[str, str]) -> bool:
    state = arrive(shop, cookies).state()
    return (state["user"], state["cart"]["quantity"]) == (None, 0)


@pytest.fixture
def shops(
    request: pytest.FixtureRequest, start_shop: Callable[..., Any], old_url: str, sqlite_url: str
) -> tuple[Any, Any]:
    """Before and after the switch to the strategy that the test names."""
    base = {"sqlalchemy.url": sqlite_url, "session.redis.url": old_url}
    after = start_shop(request.param, **base, **{"session.migrate_from": "redis"})
    return start_shop("redis", **base), after


@pytest.mark.parametrize("shops", ["memory", "database", "custom"], indirect=True)
@pytest.mark.parametrize("later", [0, 120], ids=["at-once", "after-a-minute"])
def test_moved_and_logged_out_S6(
    shops: tuple[Any, Any], old: Place, clock: Clock, later: int
) -> None:
    before, after = shops
    visitor = Visitor(before)
    assert visitor.log_in().status_int == 303
    assert visitor.send("/cart/items", sku="ujeon").status_int == 303
    shown = cookies_of(visitor)
    visitor = arrive(after, shown)
    with reading_only(old):
        moved = post(visitor, "/cart/items", sku="sejak")
        carried = cookies_of(visitor)
        ended = post(visitor, "/logout")
    assert {moved, ended} <= {303, 503}
    old.advance(clock, later)
    if ended == 303:
        assert nobody(after, shown)
        assert nobody(after, carried)
    elif moved == 303:
        assert arrive(after, carried).state()["cart"]["quantity"] == 2
    else:
        assert arrive(after, shown).state()["cart"]["quantity"] == 1
    visitor = arrive(after, carried if moved == 303 else shown)
    if ended == 503:  # and it can be done when the old store is back
        assert visitor.send("/logout").status_int == 303
        assert nobody(after, shown)
        assert nobody(after, carried)


@pytest.mark.parametrize("shops", ["memory", "database", "custom"], indirect=True)
@pytest.mark.parametrize("later", [0, 120], ids=["at-once", "after-a-minute"])
def test_logged_out_without_having_been_moved_S6(
    shops: tuple[Any, Any], old: Place, clock: Clock, later: int
) -> None:
    before, after = shops
    visitor = Visitor(before)
    assert visitor.log_in().status_int == 303
    visitor.get("/cart")  # shows the greeting, which would else be taken out by the next shop
    shown = cookies_of(visitor)
    visitor = arrive(after, shown)
    with reading_only(old):
        ended = post(visitor, "/logout")
    assert ended in (303, 503)
    old.advance(clock, later)
    assert nobody(after, shown) or ended == 503


# -- the same seen from a bare application, where the data shows which of the two it is


@pytest.fixture
def bare(request: pytest.FixtureRequest, old_url: str, tmp_path: Any) -> Iterator[tuple[Any, Any]]:
    """Before and after the switch; the new store is the test's parameter."""
    name = request.param
    url = f"sqlite:///{tmp_path / 'new.sqlite'}" if name == "sqlite" else ""
    new = Place(name, url)
    settings = {**new.settings, "session.redis.url": old_url, "session.migrate_from": "redis"}
    before = open_bare({"session.strategy": "redis", "session.redis.url": old_url})
    yield before, open_bare(settings, new.engine)
    new.close()


def done(act: Callable[[], object]) -> bool:
    """Whether it was answered with success."""
    try:
        act()
    except SessionError:
        return False
    return True


@pytest.mark.parametrize("bare", ["memory", "sqlite", "custom"], indirect=True)
@pytest.mark.parametrize("later", [0, 120], ids=["at-once", "after-a-minute"])
def test_moved_session_has_no_older_self_S6(
    bare: tuple[Any, Any], old: Place, clock: Clock, later: int
) -> None:
    """Whoever shows the old cookie sees the session as it is now, or none."""
    before, after = bare
    visitor = BareVisitor(before)
    visitor.put(a=1)
    shown, visitor.app = visitor.cookie, after
    with reading_only(old):
        moved = done(lambda: visitor.put(b=2))
    old.advance(clock, later)
    expected = [{"a": 1, "b": 2}, {}] if moved else [{"a": 1}]
    assert BareVisitor(after, cookie=shown).data() in expected
    visitor.put(c=3)
    assert visitor.data() == ({"a": 1, "b": 2, "c": 3} if moved else {"a": 1, "c": 3})


@pytest.fixture
def stopping_redis() -> Iterator[RedisServer]:
    with RedisServer(persist=True) as server:
        yield server


@pytest.mark.parametrize("how", ["moved", "ended"])
def test_old_store_goes_down_before_the_deletion_S6(
    stopping_redis: RedisServer, clock: Clock, how: str
) -> None:
    """After the database has voted, nothing can be refused any more.

    Killed, not paused: a DEL that waits in the socket is done when the server goes on.
    """
    old_settings = {"session.strategy": "redis", "session.redis.url": stopping_redis.url}
    visitor = BareVisitor(open_bare(old_settings))
    visitor.put(a=1)
    shown = visitor.cookie
    migrating = {"session.strategy": "memory", "session.migrate_from": "redis"}
    visitor.app = after = open_bare({**old_settings, **migrating})

    def move_or_end(request: Any) -> None:
        request.session["b"] = 2
        if how == "ended":
            request.session.invalidate()
        Saboteur(request, "tpc_vote", stopping_redis.kill, key="~~")

    answered = done(lambda: visitor.do(move_or_end))
    if how == "moved":
        answered = answered and done(
            lambda: visitor.do(lambda request: request.session.invalidate())
        )
    stopping_redis.start()
    with redis.Redis.from_url(stopping_redis.url) as client:
        assert client.dbsize() > 0  # else it would prove nothing
    clock.now += 120
    assert BareVisitor(after, cookie=shown).data() == {} or not answered


# -- a device is what its owner calls it


def call_it(device: str) -> Callable[[Any], None]:
    def act(request: Any) -> None:
        request.session["a"] = 1
        request.session.owner, request.session.device = "7", device

    return act


def look(request: Any) -> Any:
    session = request.session
    return dict(session), session.owner, session.device


@pytest.mark.parametrize("bare", ["memory", "sqlite"], indirect=True)
@pytest.mark.parametrize("device", ["moved", "gone", "ended", ""])
def test_session_with_any_device_is_an_ordinary_one(bare: tuple[Any, Any], device: str) -> None:
    before, after = bare
    for visitor in (BareVisitor(after), BareVisitor(before)):
        visitor.do(call_it(device))
        visitor.app = after
        assert visitor.do(look) == [{"a": 1}, "7", device]
        visitor.put(b=2)
        assert visitor.do(look) == [{"a": 1, "b": 2}, "7", device]
        visitor.do(lambda request: request.session.rotate())
        assert visitor.do(look) == [{"a": 1, "b": 2}, "7", device]
        visitor.do(lambda request: request.session.invalidate())
        assert visitor.data() == {}


@pytest.mark.parametrize("bare", ["memory", "sqlite", "custom"], indirect=True)
def test_move_and_end_where_the_old_store_works(
    bare: tuple[Any, Any], old: Place, clock: Clock
) -> None:
    before, after = bare
    visitor = BareVisitor(before)
    visitor.put(a=1)
    shown, visitor.app = visitor.cookie, after
    visitor.put(b=2)
    assert visitor.data() == {"a": 1, "b": 2}
    visitor.do(lambda request: request.session.invalidate())
    old.advance(clock, 120)
    assert BareVisitor(after, cookie=shown).data() == {}
    assert visitor.data() == {}
