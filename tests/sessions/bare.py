"""A bare application on any strategy, made of documented parts alone.

It knows the layer by `config.include("demoapp.sessions")`, its settings and the database table.
A place is where one store keeps its sessions: it lets time pass there, and changes the text of
what is stored, found by looking through all of it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
import zope.sqlalchemy
from pyramid.config import Configurator
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from demoapp.sessions.database import metadata
from tests.sessions.beds import Clock
from tests.sessions.visitor import view
from tests.shops import SECRET

STORES = ("memory", "redis", "sqlite", "postgresql")
"""Those of ours."""
ALL = (*STORES, "custom")
TABLE = metadata.sorted_tables[0]


def add_dbsession(config: Any, maker: Any) -> None:
    """`request.dbsession`, as the documentation of zope.sqlalchemy has it."""

    def dbsession(request: Any) -> Session:
        session: Session = maker()
        zope.sqlalchemy.register(session, transaction_manager=request.tm)
        return session

    config.add_request_method(dbsession, reify=True)


def open_bare(settings: dict[str, str], engine: Engine | None = None) -> Any:
    """An application with one view; what it does is told with each request."""
    with Configurator(settings={"session.secret": SECRET, **settings}) as config:
        config.include("demoapp.sessions")
        if engine:
            add_dbsession(config, sessionmaker(engine))
        config.add_route("act", "/")
        config.add_view(view, route_name="act", renderer="json")
    return config.make_wsgi_app()


class Place:
    """Where one store keeps its sessions; empty when it is made."""

    def __init__(self, store: str, url: str = "") -> None:
        self.store = store
        in_sql = store in ("sqlite", "postgresql")
        self.settings = {"session.strategy": "database" if in_sql else store}
        self.engine = create_engine(url) if in_sql else None
        self.redis: Any = redis.Redis.from_url(url) if store == "redis" else None
        if self.redis:
            self.settings["session.redis.url"] = url
            self.redis.flushdb()
        if self.engine:
            metadata.create_all(self.engine)
            with self.engine.begin() as connection:
                connection.execute(TABLE.delete())

    def open(self, **settings: str) -> Any:
        dotted = {f"session.{key}": value for key, value in settings.items()}
        return open_bare({**self.settings, **dotted}, self.engine)

    def advance(self, clock: Clock, seconds: float) -> None:
        """Redis has a clock of its own: every key loses as much of its time to live."""
        clock.now += seconds
        for key in self.redis.scan_iter() if self.redis else ():
            left = self.redis.pttl(key)
            if left >= 0:
                self.redis.pexpire(key, left - int(seconds * 1000))

    def edit(self, edit: Callable[[str], str]) -> int:
        """Change the text of every stored session as another program would; how many changed."""
        return self._edit_keys(edit) if self.redis else self._edit_rows(edit)

    def _edit_keys(self, edit: Callable[[str], str]) -> int:
        changed = 0
        for key in self.redis.scan_iter("session:{*}"):
            before = self.redis.get(key).decode()
            if (after := edit(before)) != before:
                self.redis.set(key, after, keepttl=True)
                changed += 1
        return changed

    def _edit_rows(self, edit: Callable[[str], str]) -> int:
        assert self.engine, f"nobody else can write into {self.store}"
        changed = 0
        with self.engine.begin() as connection:
            for key, before in connection.execute(TABLE.select().with_only_columns(KEY, DATA)):
                if (after := edit(before)) != before:
                    connection.execute(TABLE.update().where(key == KEY).values({DATA: after}))
                    changed += 1
        return changed

    def close(self) -> None:
        if self.engine:
            self.engine.dispose()
        if self.redis:
            self.redis.close()


KEY, DATA = TABLE.c.key, TABLE.c.data
MakePlace = Callable[[str], Place]


@pytest.fixture
def make_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakePlace]:
    """`make_place("redis")`: an empty place of that kind, its server running."""
    with ExitStack() as stack:

        def make(store: str) -> Place:
            url = ""
            if store == "redis":
                url = request.getfixturevalue("redis_server").url
            elif store == "sqlite":
                url = f"sqlite:///{tmp_path / 'sessions.sqlite'}"
            elif store == "postgresql":
                url = request.getfixturevalue("session_database")
            place = Place(store, url)
            stack.callback(place.close)
            return place

        yield make
