"""What the store keeps, in the words of the store, and what asking it has cost."""

import os
from collections.abc import Callable
from typing import Any

import redis
from sqlalchemy import select

from demoapp.front.timing import Stage, cost_of
from demoapp.i18n import when
from demoapp.lessons.inspector.journal import last_change
from demoapp.lessons.inspector.layers import Layer, Row, Subject
from demoapp.sessions.database import sessions
from demoapp.sessions.interfaces import Record
from demoapp.sessions.redis import open_client


def record(of: Subject) -> Layer:
    layer = of.layer("record")
    if of.foreign:
        layer.intro.append(of.say("foreign", factory=of.factory))
    elif of.signed_cookie:
        layer.intro.append(of.say("nothing"))
        if user := of.request.current_user:
            layer.rows.append(of.row("epoch", user.session_epoch, code=True))
    elif of.session is None:
        layer.intro.append(of.say("down"))
    elif of.record is None:
        layer.intro.append(of.say("no_record"))
    else:
        IN_ITS_WORDS[of.settings.strategy](of, of.record, layer)
    return layer


def _memory(of: Subject, stored: Record, layer: Layer) -> None:
    layer.intro.append(of.say("in_process"))
    layer.rows.append(of.row("process", of.say("this_process", pid=os.getpid())))
    locale = of.request.locale_name
    layer.rows += [
        of.row("key", of.mask(stored.key), code=True),
        of.row("version", stored.version, code=True),
        of.row("last_seen", when(stored.last_seen, locale)),
        of.row("owner", stored.owner or of.say("guest")),
        of.row("device", stored.device or of.say("none")),
        of.row("value", stored.data, code=True),
        of.row("size", of.say("bytes", count=len(stored.data.encode()))),
    ]


def _redis(of: Subject, stored: Record, layer: Layer) -> None:
    name = f"session:{{{of.mask(stored.key)}}}"
    # quoted, because braces mean something to a shell
    commands = [f"redis-cli GET '{name}'", f"redis-cli PTTL '{name}'"]
    layer.rows.append(of.row("commands", "\n".join(commands), code=True))
    try:
        value, left = _in_redis(of.request.registry, f"session:{{{stored.key}}}")
    except redis.RedisError:
        layer.intro.append(of.say("down"))
        return
    if value is None:  # ended by another request, a moment ago
        layer.intro.append(of.say("not_found"))
        return
    layer.intro.append(of.say("in_redis"))
    text = value.decode(errors="replace")
    layer.rows += [
        of.row("key", name, code=True),
        Row(of.words["label"]["value"], text, code=True, note=of.words["note"]["in_redis"]),
        of.row("lives", of.say("seconds", count=f"{left / 1000:.1f}")),
        of.row("size", of.say("bytes", count=len(value))),
    ]


def _in_redis(registry: Any, name: str) -> tuple[bytes | None, int]:
    """What redis-cli would show: the value, and its milliseconds to live."""
    if "inspector.redis" not in registry:
        registry["inspector.redis"] = open_client(registry.settings)
    client = registry["inspector.redis"]
    return client.get(name), client.pttl(name)


def _database(of: Subject, stored: Record, layer: Layer) -> None:
    statement = f"SELECT * FROM session WHERE key = '{of.mask(stored.key)}'"  # noqa: S608 - shown
    layer.rows.append(of.row("commands", statement, code=True))
    query = select(sessions).where(sessions.c.key == stored.key)
    row = of.request.dbsession.connection().execute(query).mappings().first()
    if row is None:
        layer.intro.append(of.say("not_found"))
        return
    layer.intro.append(of.say("in_table"))
    for column, value in row.items():
        shown = of.mask(value) if column == "key" else "NULL" if value is None else str(value)
        layer.rows.append(Row(column, shown, code=True, note=of.note(column, value)))
    layer.rows.append(of.row("size", of.say("bytes", count=len(stored.data.encode()))))


IN_ITS_WORDS: dict[str, Callable[[Subject, Record, Layer], None]] = {
    "memory": _memory,
    "redis": _redis,
    "database": _database,
}


def cost(of: Subject) -> Layer:
    layer = of.layer("cost", "where_cost")
    spent = cost_of(of.request)
    layer.rows.append(of.row("load", _figures(of, spent.load, spent.countable)))
    if entry := last_change(of):
        layer.rows.append(of.row("save", _figures(of, entry.save, entry.countable)))
    return layer


def _figures(of: Subject, stage: Stage, countable: bool) -> str:
    ms = f"{stage.seconds * 1000:.3f}"
    if not countable:
        return of.say("time_only", ms=ms)
    return of.say("cost", trips=stage.trips, ms=ms)
