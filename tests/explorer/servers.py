"""Redis, SQLite and PostgreSQL under the explorer: who waits for whom, and how time passes."""

from typing import Any

import redis
import zope.sqlalchemy
from pyramid.request import Request, apply_request_extensions
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker

from demoapp.sessions.database import metadata, sessions
from demoapp.sessions.interfaces import Change, Touch
from tests.explorer.scheduler import Abandoned, Point, Task
from tests.explorer.stores import Bed, Watched

_ADVANCE = """
for _, key in ipairs(redis.call('KEYS', '*')) do
  if string.match(key, ':alive$') then
    for _, writer in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      redis.call('ZINCRBY', key, -ARGV[1], writer)
    end
  end
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end
"""


class Redis(Bed):
    """Redis has a clock of its own: for it, time passes when keys lose time to live."""

    def __init__(self, url: str) -> None:
        self.settings = {"session.strategy": "redis", "session.redis.url": url}
        self._redis: Any = redis.Redis.from_url(url)
        self._advance = self._redis.register_script(_ADVANCE)

    def advance(self, seconds: float) -> None:
        self._advance(args=[int(seconds * 1000)])

    def snapshot(self) -> Any:
        keys = self._redis.keys()
        return [(key, max(0, self._redis.pttl(key)), self._redis.dump(key)) for key in keys]

    def restore(self, snapshot: Any) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.flushdb()
            for key, left, value in snapshot:
                pipeline.restore(key, left, value)
            pipeline.execute()

    def locks(self) -> list[str]:
        return [key.decode() for key in self._redis.keys("*:turns")]

    def left_over(self) -> list[str]:
        return [key.decode() for key in self._redis.scan_iter()]

    def close(self) -> None:
        self._redis.close()
        self.store._redis.close()


rows = Table("explorer", MetaData(), Column("number", Integer, nullable=False))
"""The application's own."""


class Database(Bed):
    """One transaction for both. Its commit is one more point where it may fail.

    Of the statements only those are let go on that do not have to wait for another request.
    """

    one_database = True
    errors = (SQLAlchemyError,)
    inward = ("commit", "withdraw", "release")

    def __init__(self, url: str) -> None:
        self.settings = {"session.strategy": "database"}
        self._lite = url.startswith("sqlite")
        self.engine = create_engine(url, connect_args={"timeout": 0} if self._lite else {})
        if self._lite:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        for table in (rows.metadata, metadata):
            table.create_all(self.engine)
        self._turns: dict[str, Task] = {}
        self._rows: dict[str, Task] = {}  # locked by who holds no turn
        self._writer: Task | None = None  # SQLite has but one
        self._connections: dict[Task | None, Any] = {}

    def configure(self, config: Any) -> None:
        factory = sessionmaker(self.engine)

        def dbsession(request: Any) -> Any:
            session = factory()
            zope.sqlalchemy.register(session, transaction_manager=request.tm)
            return session

        config.add_request_method(dbsession, reify=True)

    def watch(self, app: Any) -> Watched:
        event.listen(self.engine, "commit", self._commit)
        event.listen(self.engine, "engine_connect", self._connected)
        event.listen(self.engine, "rollback", lambda connection: self._finished())
        event.listen(self.engine, "after_cursor_execute", self._executed)
        return super().watch(app)

    def add_row(self, request: Any, number: int, world: Any) -> None:
        task = Task.running
        if task and self._lite:
            task.stop(Point("row", (), lambda: self._writer in (None, task)))
        request.dbsession.execute(insert(rows), {"number": number})
        zope.sqlalchemy.mark_changed(request.dbsession)

    def rows(self, world: Any) -> list[int]:
        with self.engine.connect() as connection:
            return list(connection.scalars(select(rows.c.number)))

    # -- who waits for whom

    def free(self, task: Task, name: str, key: str) -> bool:
        turn, row = self._turns.get(key, task), self._rows.get(key, task)
        if name == "load":
            return task is turn and task is row and self._writer in (None, task)
        if self._lite:
            return (turn is not task and name != "delete") or self._writer in (None, task)
        return row is task and (name != "delete" or turn is task)

    def called(self, task: Task, name: str, key: str, change: Change | None = None) -> None:
        if self._lite and name != "load":
            return
        turn = name == "load" or not (name == "delete" or isinstance(change, Touch))
        held = self._turns if turn else self._rows
        held.setdefault(key, task)

    def _executed(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        if self._lite and statement.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            self._writer = Task.running

    def _commit(self, connection: Any) -> None:
        how = ""
        try:
            if Task.running:
                how = Task.running.stop(Point("database"))
        except Abandoned:
            connection.connection.invalidate()
            raise
        if how == "after":
            connection.connection.dbapi_connection.commit()
        if how:
            connection.connection.dbapi_connection.close()
        self._finished()

    def _finished(self) -> None:
        task = Task.running
        for held in (self._turns, self._rows):
            for key in [key for key, holder in held.items() if holder is task]:
                del held[key]
        if self._writer is task:
            self._writer = None

    def _connected(self, connection: Any) -> None:
        self._connections[Task.running] = connection.connection

    def crashed(self, writer: str) -> None:
        connection = self._connections.get(Task.running)
        if connection is not None and connection.is_valid:
            connection.invalidate()
        for key in list(self.store._turns._queues):  # die with the process
            self.store._turns.release(key, writer)
        self._finished()

    # -- what is stored

    def snapshot(self) -> Any:
        with self.engine.connect() as connection:
            return [row._asdict() for row in connection.execute(select(sessions))]

    def restore(self, snapshot: Any) -> None:
        for held in (self._turns, self._rows, self._connections):
            held.clear()
        self._writer = None
        if hasattr(self, "store"):
            self.store._turns._queues.clear()
            self.store._touches.clear()
        with self.engine.begin() as connection:
            connection.execute(delete(sessions))
            connection.execute(delete(rows))
            if snapshot:
                connection.execute(insert(sessions), snapshot)

    def locks(self) -> list[str]:
        return [*self.store._turns._queues, *self._turns, *self._rows]

    def left_over(self) -> list[str]:
        with self.engine.connect() as connection:
            # a server may learn a moment later that a client is gone; a purge skips what is locked
            connection.execute(select(sessions.c.key).with_for_update()).all()
        with self.app.request_context(Request.blank("/").environ) as request:
            apply_request_extensions(request)
            for _ in self.store.purge(request, 1000):
                pass
            request.dbsession.close()
        with self.engine.connect() as connection:
            return list(connection.scalars(select(sessions.c.key)))

    def close(self) -> None:
        self.engine.dispose()
