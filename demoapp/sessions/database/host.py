"""What the application brings along: `request.dbsession`, and a database fit for sessions."""

import logging
from typing import Any

from pyramid.request import Request, apply_request_extensions
from sqlalchemy import Connection, Engine, QueuePool, event, inspect
from sqlalchemy.exc import SQLAlchemyError, UnboundExecutionError
from sqlalchemy.orm import Session, scoped_session

from demoapp.sessions.database.errors import REMEDY, sqlstate
from demoapp.sessions.database.table import sessions
from demoapp.sessions.ini import SettingsError

log = logging.getLogger(__name__)


def dbsession_of(request: Any) -> Session:
    found: Any = request.dbsession
    return found() if isinstance(found, scoped_session) else found  # type: ignore[no-any-return]


def connection_of(request: Any) -> Connection:
    return dbsession_of(request).connection(bind_arguments={"clause": sessions})


def engine_of(request: Any) -> Engine:
    return dbsession_of(request).get_bind(clause=sessions).engine


def check(created: Any) -> None:
    """Before the first request: raises SettingsError. A database may come up later than we do."""
    with created.app.request_context(Request.blank("/").environ) as request:
        apply_request_extensions(request)
        if not hasattr(request, "dbsession"):
            raise SettingsError(
                "session.strategy = database needs request.dbsession, as zope.sqlalchemy makes one"
            )
        try:
            _check_server(engine_of(request))
        except UnboundExecutionError as err:
            raise SettingsError(
                f"request.dbsession has no engine for {sessions.fullname!r}"
            ) from err
        except SQLAlchemyError as err:
            log.warning("no sessions for now: %s", getattr(err, "orig", err))
        finally:
            dbsession_of(request).close()


def _check_server(engine: Engine) -> None:
    if engine.dialect.name not in ("postgresql", "sqlite"):
        raise SettingsError(
            f"session.strategy = database knows PostgreSQL and SQLite, not {engine.dialect.name}"
        )
    if engine.dialect.name == "postgresql":
        event.listen(engine, "handle_error", _leave_read_only)
    with engine.connect() as connection:
        if isinstance(engine.pool, QueuePool):  # not one that holds a database in memory
            connection.detach()  # or the processes that a server forks from this one share it
        if engine.dialect.name == "postgresql":
            _check_postgresql(connection)
        if not inspect(connection).has_table(sessions.name, sessions.schema):
            log.error("no sessions for now: no table %r; %s", sessions.fullname, REMEDY)


def _check_postgresql(connection: Connection) -> None:
    query = "SELECT current_setting('transaction_isolation'), current_setting('server_encoding')"
    level, encoding = connection.exec_driver_sql(query).one()
    if getattr(connection.connection.dbapi_connection, "autocommit", False):
        level = "autocommit"
    if level != "read committed":
        raise SettingsError(
            f"sessions need the isolation READ COMMITTED, and PostgreSQL has {level}"
        )
    if encoding != "UTF8":
        raise SettingsError(f"sessions need a database in UTF8, and this one is in {encoding}")


def _leave_read_only(context: Any) -> None:
    """The server has become a replica: connect anew, to where its name leads by now."""
    if sqlstate(context.original_exception) == "25006":
        context.is_disconnect = True
