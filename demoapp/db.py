"""The database: an engine a process, and `request.dbsession`, which commits with the request."""

from typing import Any

import zope.sqlalchemy
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import Session, sessionmaker

from demoapp.sessions.ini import Ini, SettingsError

WAIT = 3
"""Seconds to wait for a free connection; a page that takes longer is given up by its reader."""
POSTGRESQL = {
    "connect_timeout": WAIT,  # whole seconds, libpq
    "options": "-c lock_timeout=1200 -c statement_timeout=4000",  # milliseconds
}


def make_engine(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL; raises SettingsError for a URL it cannot read."""
    try:
        postgresql = make_url(url).get_backend_name() == "postgresql"
        engine = create_engine(
            url,
            pool_timeout=WAIT,
            connect_args=POSTGRESQL if postgresql else {},
            hide_parameters=True,  # errors are logged: no session and no password hash with them
        )
    except (ArgumentError, NoSuchModuleError, ImportError, TypeError) as err:
        raise SettingsError(f"sqlalchemy.url cannot be used: {err}") from err
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Readers and a writer side by side; a second writer waits its turn; constraints hold."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 1300")  # milliseconds; three attempts stay below 5 s
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    # pages (80 MB); a purge copies the log back itself before it is as long, not a visitor
    cursor.execute("PRAGMA wal_autocheckpoint = 20000")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def includeme(config: Any) -> None:
    engine = make_engine(Ini(config.registry.settings).text("sqlalchemy.url"))
    factory = sessionmaker(engine)
    config.registry["dbsession_factory"] = factory

    def dbsession(request: Any) -> Session:
        session = factory()
        zope.sqlalchemy.register(session, transaction_manager=request.tm)
        return session

    config.add_request_method(dbsession, reify=True)
