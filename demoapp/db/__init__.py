"""The database: an engine a process, and `request.dbsession`, which commits with the request."""

from collections.abc import Mapping
from typing import Any

import zope.sqlalchemy
from pyramid.threadlocal import get_current_request
from sqlalchemy import Engine, engine_from_config, event, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from zope.sqlalchemy.datamanager import join_transaction

from demoapp.db import postgresql
from demoapp.sessions.ini import Ini, SettingsError

PREFIX = "sqlalchemy."
WAIT = 3
"""Seconds to wait for a free connection; a page that takes longer is given up by its reader."""
TIMEOUTS = {"postgresql": ("connect_timeout", WAIT), "sqlite": ("timeout", 1.3)}
"""Options of the driver, in seconds, unless the URL has its own. SQLite's is for locks: three
attempts stay below 5 s."""
NUMBERS = ("pool_size", "pool_timeout")
FLAGS = ("hide_parameters", "pool_pre_ping", "pool_use_lifo")
"""Read here, as SQLAlchemy would take a negative number, and the text `false` for true."""


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for SQLite or PostgreSQL that lets nobody wait for long. Raises SettingsError.

    Options are those of SQLAlchemy, as an ini file writes them behind `sqlalchemy.`.
    """
    engine = open_engine(url, **{"pool_timeout": WAIT, **options})
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    else:
        postgresql.limit(engine)
    return engine


def open_engine(url: str, **options: Any) -> Engine:
    """An engine without limits, for migrations. Raises SettingsError."""
    parsed = _checked("url", {"url": url}).url
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise SettingsError(f"{PREFIX}url names no file, as in sqlite:///%(here)s/var/shop.sqlite")
    ini = Ini({PREFIX + key: value for key, value in options.items()})
    options.setdefault("hide_parameters", True)  # errors are logged: no password hash with them
    for key in options.keys() & set(NUMBERS):
        options[key] = ini.count(PREFIX + key, default=0, minimum=0)
    for key in options.keys() & set(FLAGS):
        options[key] = ini.flag(PREFIX + key, default=True)
    for key in options:
        _checked(key, {"url": url, key: options[key]})
    options.setdefault("connect_args", _timeout(url))
    engine = _checked("*", {"url": url, **options})
    if engine.dialect.name == "postgresql":
        # before SQLAlchemy asks it anything: of some encodings it does not understand the answer
        event.listen(engine, "connect", postgresql.meet, insert=True)
    return engine


def _timeout(url: str) -> dict[str, Any]:
    parsed = make_url(url)
    name, seconds = TIMEOUTS.get(parsed.get_backend_name(), ("", 0))
    return {name: seconds} if name and name not in parsed.query else {}


def _checked(key: str, options: dict[str, Any]) -> Engine:
    try:
        engine = engine_from_config(options, prefix="")
    except (SQLAlchemyError, AttributeError, ImportError, TypeError, ValueError) as err:
        shown = f" = {options[key]!r}" if key not in ("url", "*") else ""  # no password
        raise SettingsError(f"{PREFIX}{key}{shown} cannot be used: {err}") from err
    if str(level := options.get("isolation_level")).upper() == "AUTOCOMMIT":
        raise SettingsError(f"{PREFIX}isolation_level = {level!r} would keep half of an order")
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Readers and a writer side by side; a second writer waits its turn; constraints hold."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    # pages (80 MB); a purge copies the log back itself before it is as long, not a visitor
    cursor.execute("PRAGMA wal_autocheckpoint = 20000")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def engine_from(settings: Mapping[str, Any]) -> Engine:
    """An engine from `sqlalchemy.url` and every other `sqlalchemy.*`. Raises SettingsError."""
    options = {
        key.removeprefix(PREFIX): value
        for key, value in settings.items()
        if key.startswith(PREFIX) and key != "sqlalchemy.url"
    }
    return make_engine(Ini(settings).text("sqlalchemy.url"), **options)


class Current:
    """The transaction manager of the request that is being answered."""

    def get(self) -> Any:
        return get_current_request().tm.get()


def add_dbsession(config: Any, engine: Engine) -> None:
    """`request.dbsession`, which commits with the request."""
    factory = sessionmaker(engine)
    # seven listeners: hung on each session, they would take as long as a query of it
    zope.sqlalchemy.register(factory, transaction_manager=Current())

    def dbsession(request: Any) -> Session:
        session = factory()
        if "tm.active" in request.environ:
            join_transaction(session, transaction_manager=request.tm)
        return session

    config.add_request_method(dbsession, reify=True)


def includeme(config: Any) -> None:
    engine = engine_from(config.registry.settings)
    config.registry["dbsession_factory"] = sessionmaker(engine)
    add_dbsession(config, engine)
