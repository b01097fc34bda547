"""What can be counted exactly: round trips, statements, bytes, and updates in place (HOT)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.connection import AbstractConnection
from sqlalchemy import Engine, create_engine, event

from benchmarks.contenders import ACTS, Contender, Places, make_app
from benchmarks.in_process import Visitor

_made: Counter[str] = Counter()


@contextmanager
def counting() -> Iterator[None]:
    """Every message to Redis, and every statement, COMMIT and ROLLBACK of SQLAlchemy."""

    def note(what: str) -> Any:
        return lambda *_: _made.update([what])

    send: Any = AbstractConnection.send_packed_command

    def sent(*arguments: Any, **options: Any) -> Any:
        _made["redis"] += 1
        return send(*arguments, **options)

    heard = {"before_cursor_execute": note("statements")}
    heard |= {name: note(f"{name}s") for name in ("commit", "rollback")}
    AbstractConnection.send_packed_command = sent  # type: ignore[method-assign]
    for name, listener in heard.items():
        event.listen(Engine, name, listener)
    try:
        yield
    finally:
        AbstractConnection.send_packed_command = send  # type: ignore[method-assign]
        for name, listener in heard.items():
            event.remove(Engine, name, listener)


def trips(visitor: Visitor) -> dict[str, dict[str, int]]:
    """Those of the second request of each kind: the first may open a connection."""
    result = {}
    for act in ACTS:
        visitor.ask(act)
        _made.clear()
        visitor.ask(act)
        result[act] = dict(_made)
    return result


def bytes_a_session(contender: Contender, places: Places, sessions: int) -> dict[str, int]:
    """Begin so many, and look how much larger the store has become."""
    app = make_app(contender, places)
    Visitor(app)
    before = _size(contender, places)
    for _ in range(sessions):
        Visitor(app)
    return {"sessions": sessions, "bytes": (_size(contender, places) - before) // sessions}


def _size(contender: Contender, places: Places) -> int:
    if contender.kind == "redis":
        return int(redis.Redis.from_url(places.redis).info("memory")["used_memory"])
    table = "session" if contender.ours else "beaker_cache"
    if contender.kind == "postgresql":
        return int(_scalar(places.postgresql, f"SELECT pg_total_relation_size('{table}')"))
    file = places.folder / ("ours.sqlite" if contender.ours else "beaker.sqlite")
    _scalar(f"sqlite:///{file}", "PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size


def updates(places: Places) -> dict[str, int]:
    """Of our table, so far: how many, and how many of them left the indexes alone."""
    query = (
        "SELECT n_tup_upd || ' ' || n_tup_hot_upd FROM pg_stat_user_tables "
        "WHERE relname = 'session'"
    )
    _scalar(places.postgresql, "SELECT pg_stat_force_next_flush()")
    every, hot = str(_scalar(places.postgresql, query) or "0 0").split()
    return {"updates": int(every), "hot": int(hot)}


def _scalar(url: str, statement: str) -> Any:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            return connection.exec_driver_sql(statement).scalar()
    finally:
        engine.dispose()
