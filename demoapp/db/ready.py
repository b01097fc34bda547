"""Whether the database is migrated; if not, one line says what to do.

The process starts all the same: the migration may follow in a moment. Until then `/readyz` and
every page that needs the database answer 503.
"""

import logging
from functools import cache
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from pyramid.events import ApplicationCreated
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from demoapp.db.postgresql import NotReady
from demoapp.sessions.database.errors import is_missing
from demoapp.sessions.ini import SettingsError

log = logging.getLogger(__name__)
FOLDER = Path(__file__).resolve().parent.parent / "alembic"


@cache
def migrations() -> tuple[str, ...]:
    """The revisions in alembic/versions, oldest first."""
    script = ScriptDirectory(str(FOLDER))
    return tuple(one.revision for one in script.walk_revisions())[::-1]


class NotMigrated(NotReady):
    """The message names the command."""

    def __init__(self, registry: Any, reason: object = None) -> None:
        why = f" ({reason})" if reason else ""
        ini = registry.get("ini_file") or "INI"
        super().__init__(f"the database is not migrated{why}; run: demoapp-init {ini}")


def said_of(err: SQLAlchemyError, registry: Any) -> str:
    """A line for the log, of an error that left no connection."""
    orig = getattr(err, "orig", None)
    reason = str(orig or err).partition("\n")[0]
    if is_missing(orig):
        return str(NotMigrated(registry, reason))
    return f"the database cannot be reached: {reason}"


def check(connection: Connection, registry: Any) -> None:
    """Raises NotMigrated. A database ahead of us will do: a newer release is being rolled out."""
    found = None
    if inspect(connection).has_table("alembic_version"):
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is None or found in migrations()[:-1]:
        raise NotMigrated(registry)


def check_at_start(created: Any) -> None:
    """Raises SettingsError for what will be no better in a moment."""
    registry = created.app.registry
    try:
        with registry["dbsession_factory"].kw["bind"].connect() as connection:
            connection.detach()  # or the processes that a server forks from this one share it
            check(connection, registry)
    except ArgumentError as err:  # an isolation level, for one, is looked at with a connection
        raise SettingsError(f"a setting sqlalchemy.* cannot be used: {err}") from err
    except SQLAlchemyError as err:
        log.warning("%s", said_of(err, registry))
    except NotMigrated as err:
        log.error("%s", err)


def includeme(config: Any) -> None:
    registry = config.registry

    def tell(context: Any) -> None:
        # what follows in that transaction would fail for another reason, and hide this one
        if context.connection and is_missing(context.original_exception):
            reason = str(context.original_exception).partition("\n")[0]
            raise NotMigrated(registry, reason)

    event.listen(registry["dbsession_factory"].kw["bind"], "handle_error", tell)
    config.add_subscriber(check_at_start, ApplicationCreated)
