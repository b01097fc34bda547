"""A bare application on each store: the session layer and one view, nothing of the shop.

A test bed knows where its store keeps things, so that a test can look at them, plant
something foreign, or let time pass.
"""

import abc
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self
from unittest import mock

import redis
from pyramid.config import Configurator
from pyramid.request import Request, apply_request_extensions
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import OperationalError
from transaction.interfaces import TransientError

from demoapp.sessions.database import metadata, sessions
from demoapp.sessions.ids import Ids
from demoapp.sessions.interfaces import (
    FORMAT,
    Change,
    Create,
    Delete,
    ISessionStore,
    Record,
    Store,
)
from tests.sessions.visitor import late_view, view
from tests.shops import SECRET

real_time = time.time


IDS = Ids((SECRET,))


def key_of(session_id: str | None) -> str:
    """What the applications below store an id under."""
    assert session_id
    return IDS.key(session_id)


class Clock:
    """Stands still until it is told to move; `time.time` in the whole process."""

    def __init__(self) -> None:
        self.now = real_time()
        self._patch = mock.patch("time.time", lambda: self.now)

    def __enter__(self) -> Self:
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()


class Refused(Exception):
    """What a view of a test raises; an exception view answers it."""


class Again(Refused, TransientError):
    """Likewise, but the request is replayed before it counts."""


def never(request: Any) -> bool:
    """For `tm.activate_hook`: the request has no transaction."""
    return False


def open_app(settings: dict[str, str]) -> Any:
    """A bare Pyramid application; what it does is told with each request."""
    # explicit: a test may send a request in the middle of another, on the same thread
    explicit = {"tm.manager_hook": "pyramid_tm.explicit_manager"}
    settings = {"session.secret": SECRET, **explicit, **settings}
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        if "sqlalchemy.url" in settings:
            config.include("demoapp.db")
        config.add_route("act", "/")
        config.add_view(view, route_name="act", renderer="json")
        config.add_exception_view(late_view, context=Refused, renderer="json")
    return config.make_wsgi_app()


@contextmanager
def attempt(app: Any) -> Iterator[Any]:
    """A request inside its transaction, as pyramid_tm would begin it; aborted unless committed."""
    with app.request_context(Request.blank("/").environ) as request:
        apply_request_extensions(request)
        request.environ["tm.active"] = True
        request.tm.begin()
        try:
            yield request
        finally:
            request.tm.abort()


class Bed(abc.ABC):
    """One store with applications on it."""

    name: ClassVar[str]
    settings: dict[str, str]

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._apps: list[Any] = []
        self.app: Any = None

    def open(self, **settings: str) -> Any:
        """Another application on the same store; without settings like the first."""
        dotted = {f"session.{key}": value for key, value in settings.items()}
        app = open_app({**self.settings, **dotted})
        self._apps.append(app)
        return app

    def start(self, **settings: str) -> Self:
        self.app = self.open(**settings)
        return self

    def close(self) -> None:
        for app in self._apps:
            if factory := app.registry.get("dbsession_factory"):
                factory.kw["bind"].dispose()

    @property
    def store(self) -> Store:
        store: Store = self.app.registry.getUtility(ISessionStore)
        return store

    def advance(self, seconds: float) -> None:
        self.clock.now += seconds

    @abc.abstractmethod
    def keys(self) -> list[str]:
        """Of every session record, expired ones included."""

    @abc.abstractmethod
    def dump(self) -> str:
        """All that is stored, names and values."""

    @abc.abstractmethod
    def spoil(self, key: str, **values: Any) -> None:
        """Change the stored record behind the store's back: data, created, last_seen, ..."""

    @abc.abstractmethod
    def locked(self, key: str) -> bool:
        """Whether somebody holds the record."""

    @abc.abstractmethod
    def waiting(self, key: str) -> int:
        """How many hold the record, or wait for it."""


class MemoryBed(Bed):
    name = "memory"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.settings = {"session.strategy": "memory"}

    def _records(self) -> dict[str, Record]:
        return self.store._records  # type: ignore[attr-defined,no-any-return]

    def keys(self) -> list[str]:
        return list(self._records())

    def dump(self) -> str:
        return repr(vars(self.store))

    def spoil(self, key: str, **values: Any) -> None:
        record = self._records()[key]
        for name, value in values.items():
            object.__setattr__(record, name, value)

    def locked(self, key: str) -> bool:
        return self.waiting(key) > 0

    def waiting(self, key: str) -> int:
        return len(self.store._turns._queues.get(key, ()))  # type: ignore[attr-defined]


class RedisBed(Bed):
    name = "redis"

    def __init__(self, clock: Clock, url: str) -> None:
        super().__init__(clock)
        self.settings = {"session.strategy": "redis", "session.redis.url": url}
        self.redis = self.connect(url)
        self.redis.flushdb()
        self.redis.script_flush()

    def connect(self, url: str) -> Any:
        return redis.Redis.from_url(url)

    def close(self) -> None:
        super().close()
        self.redis.close()
        for app in self._apps:
            app.registry.getUtility(ISessionStore)._redis.close()

    def advance(self, seconds: float) -> None:
        """Redis has a clock of its own: every key loses as much of its time to live."""
        super().advance(seconds)
        for key in self.redis.scan_iter():
            left = self.redis.pttl(key) - int(seconds * 1000)
            if seconds > 0:
                self.redis.pexpire(key, left)

    def keys(self) -> list[str]:
        names = [key.decode() for key in self.redis.scan_iter("session:{*}")]
        return [name[9:-1] for name in names if b'"ended"' not in (self.redis.get(name) or b"")]

    def dump(self) -> str:
        everything = {}
        for key in self.redis.scan_iter():
            kind = self.redis.type(key)
            read = self.redis.get if kind == b"string" else lambda k: self.redis.zrange(k, 0, -1)
            everything[key] = read(key)
        return repr(everything)

    def spoil(self, key: str, **values: Any) -> None:
        name = f"session:{{{key}}}"
        if "last_seen" in values:
            raise ValueError("Redis keeps no last_seen; it has a time to live")
        if "raw" in values:
            self.redis.set(name, values["raw"], px=600_000)
            return
        # as the store writes it: the order is kept, and there are no blanks
        fields = json.loads(self.redis.get(name))
        if "data" in values:
            values["data"] = json.loads(values["data"])
        fields = {k: values.get(k, v) for k, v in fields.items()}
        self.redis.set(name, json.dumps(fields, separators=(",", ":")), px=600_000)

    def locked(self, key: str) -> bool:
        return self.waiting(key) > 0

    def waiting(self, key: str) -> int:
        return int(self.redis.zcard(f"session:{{{key}}}:turns"))


class DatabaseBed(Bed):
    def __init__(self, clock: Clock, name: str, url: str) -> None:
        super().__init__(clock)
        self.name = name  # type: ignore[misc]
        self.settings = {"session.strategy": "database", "sqlalchemy.url": url}
        self.engine = create_engine(url)
        metadata.create_all(self.engine)
        with self.engine.begin() as connection:
            connection.execute(sessions.delete())

    def close(self) -> None:
        super().close()
        self.engine.dispose()

    def keys(self) -> list[str]:
        with self.engine.begin() as connection:
            return list(connection.scalars(select(sessions.c.key).where(sessions.c.format != 0)))

    def dump(self) -> str:
        with self.engine.begin() as connection:
            return repr(connection.execute(select(sessions)).all())

    def spoil(self, key: str, **values: Any) -> None:
        """Past SQLAlchemy's types, as another program would."""
        places = ", ".join(f"{name} = :{name}" for name in values)
        with self.engine.begin() as connection:
            connection.execute(
                text(f"UPDATE session SET {places} WHERE key = :key"), {"key": key, **values}
            )

    def waiting(self, key: str) -> int:
        if self.name == "sqlite":
            return len(self.store._turns._queues.get(key, ()))  # type: ignore[attr-defined]
        turns = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        with self.engine.begin() as connection:
            return int(connection.scalar(turns) or 0)

    def locked(self, key: str) -> bool:
        if self.name == "sqlite":
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA busy_timeout = 0")
                try:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                except OperationalError as err:
                    assert "locked" in str(err)
                    return True
                return False
        with self.engine.begin() as connection:
            query = select(sessions.c.key).where(sessions.c.key == key)
            free = connection.execute(query.with_for_update(skip_locked=True)).first()
            row_held = free is None and connection.execute(query).first() is not None
        return row_held or self.waiting(key) > 0


class OwnBed(Bed):
    """A store of which nothing is known but the contract, behind a `session.custom.factory`.

    It is in an empty folder meanwhile, for the store that keeps files. Locks cannot be seen from
    outside: a store that has some, or that a test has to spoil, needs a bed of its own.
    """

    name = "own"

    def __init__(self, clock: Clock, factory: str, folder: Path) -> None:
        super().__init__(clock)
        self.settings = {"session.strategy": "custom", "session.custom.factory": factory}
        self._written: set[str] = set()
        self._home = Path.cwd()
        os.chdir(folder)

    def close(self) -> None:
        os.chdir(self._home)
        super().close()

    def start(self, **settings: str) -> Self:
        super().start(**settings)
        write = self.store.write

        def remember(request: Any, change: Change) -> None:
            if not isinstance(change, Delete):
                self._written.add(change.new.key)
            write(request, change)

        self.store.write = remember  # type: ignore[method-assign]
        return self

    @property
    def store(self) -> Store:
        store: Store = self.app.registry["session.factory"].store
        return store

    def has(self, method: str) -> bool:
        """Whether the store has more of it than the default."""
        return getattr(type(self.store), method) is not getattr(Store, method)

    def _stored(self) -> list[Any]:
        with attempt(self.app) as request:
            return [self.store.load(request, key) for key in sorted(self._written)]

    def keys(self) -> list[str]:
        return [found.key for found in self._stored() if isinstance(found, Record)]

    def dump(self) -> str:
        return repr(self._stored())

    def spoil(self, key: str, **values: Any) -> None:
        raise NotImplementedError

    def locked(self, key: str) -> bool:
        return False

    def waiting(self, key: str) -> int:
        raise NotImplementedError


def plant(bed: Bed, record: Record) -> None:
    """Put a record there, by the store's own way of writing."""
    if isinstance(bed, DatabaseBed):
        fields = {name: getattr(record, name) for name in record.__slots__}
        with bed.engine.begin() as connection:
            connection.execute(insert(sessions), {"format": FORMAT, **fields})
        return
    with attempt(bed.app) as request:
        bed.store.write(request, Create(record, writer="planted"))
