"""What it costs as it grows: more sessions, more clients of one session, more in a session."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import redis
from sqlalchemy import create_engine, insert

from benchmarks.contenders import LINES, Contender, Places, make_app
from benchmarks.in_process import Visitor
from demoapp.sessions.database import sessions as table
from demoapp.sessions.interfaces import ISessionStore, Record
from demoapp.sessions.redis.format import name_of, value_of

BATCH = 10_000


def records(count: int) -> Iterator[Record]:
    data = json.dumps({"cart": {"id": "x" * 22, "lines": LINES}}, separators=(",", ":"))
    now = time.time()
    for _ in range(count):
        yield Record(secrets.token_hex(32), data, 1, now, now)


def fill(contender: Contender, places: Places, app: Any, count: int) -> None:
    """Put so many sessions into the store, past the application."""
    found = records(count)
    if contender.kind == "memory":
        store = app.registry.getUtility(ISessionStore)
        store._max_sessions = count + 1000
        store._records.update((record.key, record) for record in found)
    elif contender.kind == "redis":
        client = redis.Redis.from_url(places.redis)
        while batch := [record for record, _ in zip(found, range(BATCH), strict=False)]:
            pipeline = client.pipeline(transaction=False)
            for record in batch:
                pipeline.set(name_of(record.key), value_of(record), ex=1200)
            pipeline.execute()
    else:
        engine = app.registry["engine"]
        with engine.begin() as connection:
            while rows := [_row(record) for record, _ in zip(found, range(BATCH), strict=False)]:
                connection.execute(insert(table), rows)
        if contender.kind == "postgresql":
            with engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE session")


def _row(record: Record) -> dict[str, Any]:
    return {"format": 2} | {name: getattr(record, name) for name in Record.__slots__}


def with_sessions(contender: Contender, places: Places, counts: list[int]) -> dict[str, Any]:
    """{sessions in the store: {read, add}}, in microseconds."""
    app, there, result = make_app(contender, places), 0, {}
    for count in counts:
        fill(contender, places, app, count - there)
        there = count
        visitor = Visitor(app)
        for act in ("read", "add"):
            visitor.time(act)
        result[str(count)] = {act: round(visitor.time(act), 1) for act in ("read", "add")}
    return result


def with_bytes(contender: Contender, places: Places, sizes: list[int]) -> dict[str, Any]:
    """{bytes in the session: {read, add}}, in microseconds."""
    result = {}
    for size in sizes:
        app = make_app(contender, places)
        visitor = Visitor(app)
        visitor.ask(f"fill/{size}")
        for act in ("read", "add"):
            visitor.time(act)
        result[str(size)] = {act: round(visitor.time(act), 1) for act in ("read", "add")}
    return result


def create_tables(places: Places) -> None:
    """Ours; the others make their own."""
    for url in (places.postgresql, f"sqlite:///{places.folder}/ours.sqlite"):
        engine = create_engine(url)
        table.metadata.create_all(engine)
        engine.dispose()
