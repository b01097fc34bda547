"""PostgreSQL as people run it: directly or through a pooler, with what the URL and the role say.

PgBouncer in transaction mode lends a connection of the server for one transaction. What is set or
prepared on it is out of reach afterwards, and in the way of whoever has it next. So our time-outs
are set once on a connection of our own, and in each transaction, for one more trip, on a
pooler's. They are no start-up `options`: a pooler refuses or drops those, and the URL's would be
lost. Whatever the URL, the role or the server has set already stays as it is.
"""

import re
from typing import Any

from sqlalchemy import Connection, Engine, event

from demoapp.sessions.ini import SettingsError

LIMITS = {"lock_timeout": 1200, "statement_timeout": 4000}
"""Milliseconds; three attempts of a request stay below what a visitor waits for."""
_OPEN = "SELECT name FROM pg_settings WHERE source = 'default' AND name = ANY(%s)"

_LOST = "SELECT name FROM pg_settings WHERE source NOT IN ('client', 'session') AND name = ANY(%s)"


class NotReady(SettingsError):
    """The database can be reached, and cannot serve the shop until somebody sees to it."""


def meet(connection: Any, record: Any) -> None:
    """Look at each new connection. Raises NotReady for a database that cannot hold every name."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise NotReady(
            f"the database {connection.info.dbname} is in {encoding}, not UTF8; make another: "
            "createdb --encoding=UTF8 --template=template0 NAME"
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        # a pooler makes one up, as the server's changes
        record.info["pooled"] = cursor.fetchone()[0] != connection.info.backend_pid
        if record.info["pooled"]:
            connection.prepare_threshold = None  # psycopg would prepare what it sends often
            _see_that_options_arrive(cursor, connection.info.options)
    connection.rollback()


def _see_that_options_arrive(cursor: Any, options: str) -> None:
    """A pooler that drops them would have us look into another schema."""
    cursor.execute(_LOST, (re.findall(r"(?:-c\s*|--)(\w+)\s*=", options),))
    if lost := [name for (name,) in cursor.fetchall()]:
        raise NotReady(
            f"a pooler drops {', '.join(lost)} from the options of sqlalchemy.url; "
            "take it out of there, and say: ALTER ROLE ... SET"
        )


def limit(engine: Engine) -> None:
    """Give no statement longer than LIMITS."""
    event.listen(engine, "connect", _limit_connection)
    event.listen(engine, "begin", _limit_transaction)


def _limit_connection(connection: Any, record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, (list(LIMITS),))
        limits = {name: LIMITS[name] for (name,) in cursor.fetchall()}
        if record.info["pooled"]:
            record.info["limits"] = _set("LOCAL", limits)
        elif limits:
            cursor.execute(_set("SESSION", limits))
    connection.commit()


def _set(scope: str, limits: dict[str, int]) -> str:
    return "; ".join(f"SET {scope} {name} = {value}" for name, value in limits.items())


def _limit_transaction(connection: Connection) -> None:
    if limits := connection.info.get("limits"):
        connection.exec_driver_sql(limits)
