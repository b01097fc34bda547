"""What the session costs a request: time and round trips, told in the Server-Timing header.

    Server-Timing: session-load;dur=0.412;desc="1 trip", session-save;dur=0.803;desc="2 trips"

Browsers show it in their network panel (W3C Server Timing; `dur` is milliseconds). A trip is a
command or statement that a store sends and waits for. BEGIN and COMMIT are not counted: they
belong to the request's transaction, which there would be without a session as well.

The session layer knows nothing of it. It is watched from outside: its store is put in a
:class:`TimedStore`, and whatever goes to Redis or the database meanwhile is counted. Without the
include of this module the shop works as ever, and has no figures to show.
"""

import threading
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

import redis
from pyramid.config import PHASE3_CONFIG
from pyramid.events import NewResponse
from pyramid.interfaces import ISessionFactory
from sqlalchemy import event as sql_event

from demoapp.sessions.factory import is_ours
from demoapp.sessions.interfaces import Change, Ended, ISessionStore, Record, Store
from demoapp.sessions.redis.client import OneRedis

T = TypeVar("T")


class _Made(threading.local):
    trips = 0


_made = _Made()


class Stage:
    """The time and the trips of what was done in it."""

    __slots__ = ("error", "seconds", "trips")

    def __init__(self) -> None:
        self.seconds, self.trips = 0.0, 0
        self.error: object = None
        """What went wrong inside, for who counts errors; nobody else needs it."""

    def time(self, done: Callable[..., T], *arguments: Any) -> T:
        before, begun = _made.trips, time.perf_counter()
        try:
            return done(*arguments)
        except BaseException as err:
            self.error = err
            raise
        finally:
            self.seconds += time.perf_counter() - begun
            self.trips += _made.trips - before


class Cost:
    """Loading and saving, in this attempt of the request."""

    __slots__ = ("change", "countable", "load", "record", "save", "saved")

    def __init__(self) -> None:
        self.load, self.save = Stage(), Stage()
        self.record: Record | None = None
        """The last that was loaded, unless the session is a foreign one."""
        self.saved = False
        """Whether there was anything to save."""
        self.change: Change | None = None
        """What was saved, unless the session is a foreign one."""
        self.countable = True
        """False for a foreign session, which may send what it likes, whenever it likes."""

    def __str__(self) -> str:
        stages = [("session-load", self.load)] + [("session-save", self.save)] * self.saved
        return ", ".join(f"{name};{self._entry(stage)}" for name, stage in stages)

    def _entry(self, stage: Stage) -> str:
        trips = f"{stage.trips} trip{'s' * (stage.trips != 1)}" if self.countable else "unknown"
        return f'dur={stage.seconds * 1000:.3f};desc="{trips}"'


def cost_of(request: Any) -> Cost:
    cost: Cost | None = request.__dict__.get("session_cost")
    if cost is None:
        cost = request.session_cost = Cost()
    return cost


class TimedStore(Store):
    """A store, and what it costs each request to load and to save."""

    def __init__(self, store: Store) -> None:
        self.inner = store
        for name in vars(Store).keys() - vars(TimedStore).keys():
            if not name.startswith("_"):
                setattr(self, name, getattr(store, name))  # the rest is the store's own

    def load(self, request: Any, key: str, lock: str | None = None) -> Record | Ended | None:
        cost = cost_of(request)
        found = cost.load.time(self.inner.load, request, key, lock)
        if isinstance(found, Record):
            cost.record = found
        return found

    def write(self, request: Any, change: Change) -> None:
        self._save(self.inner.write, request, change)

    def prepare(self, request: Any, change: Change) -> None:
        self._save(self.inner.prepare, request, change)

    def commit(self, request: Any, change: Change) -> None:
        self._save(self.inner.commit, request, change)

    def delete(self, request: Any, key: str) -> None:
        self.inner.delete(request, key)

    def _save(self, save: Callable[..., None], request: Any, change: Change) -> None:
        cost = cost_of(request)
        cost.saved, cost.change = True, change
        cost.save.time(save, request, change)


def timed(factory: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A foreign session factory: of what it makes, the time to make it is all we can know."""

    def session_factory(request: Any) -> Any:
        cost = cost_of(request)
        cost.countable = False
        return cost.load.time(factory, request)

    return session_factory


def signing(factory: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The factory of the signed cookie: what costs most there is to sign it, in `pending`."""

    def session_factory(request: Any) -> Any:
        session = factory(request)
        if "pending" not in vars(session):  # which a subrequest shares
            session.pending = partial(cost_of(request).save.time, session.pending)
        return session

    return session_factory


def count_trip(*_: object) -> None:
    """A command or statement is sent by this thread; a :class:`Stage` looks how many were."""
    _made.trips += 1


def counted(send: Any) -> Any:
    @wraps(send)
    def counted_send(*arguments: Any, **options: Any) -> Any:
        count_trip()
        return send(*arguments, **options)

    return counted_send


# of the classes, as a Cluster's client is made with the first command only
redis.Redis.execute_command = counted(redis.Redis.execute_command)  # type: ignore[method-assign]
OneRedis.execute_command = counted(OneRedis.execute_command)  # type: ignore[method-assign]
redis.RedisCluster.execute_command = counted(redis.RedisCluster.execute_command)  # type: ignore[method-assign]
redis.client.Pipeline.execute = counted(redis.client.Pipeline.execute)  # type: ignore[method-assign]


def tell(event: Any) -> None:
    """Send the header. NewResponse comes after every tween and response callback."""
    request = event.request
    if "session" in request.__dict__:  # where Pyramid's reify puts it
        event.response.headers.add("Server-Timing", str(cost_of(request)))


def watch(registry: Any) -> None:
    """Put the clocks around the session layer, once everything is configured."""
    factory, store = registry["session.factory"], registry.queryUtility(ISessionStore)
    if not is_ours(registry):
        registry.registerUtility(timed(factory), ISessionFactory)
        return
    factory.store = TimedStore(factory.store)
    if store:
        registry.registerUtility(factory.store, ISessionStore)
    else:
        registry.registerUtility(signing(factory), ISessionFactory)
    limits = registry["session.settings"]
    if "database" in (limits.strategy, limits.migrate_from):
        engine = registry["dbsession_factory"].kw["bind"]
        sql_event.listen(engine, "before_cursor_execute", count_trip)


def includeme(config: Any) -> None:
    # phase 3 is that of every action without an order, the session factory's among them
    config.action("demoapp.front.timing", watch, (config.registry,), order=PHASE3_CONFIG + 1)
    config.add_subscriber(tell, NewResponse)
