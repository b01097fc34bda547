"""Runs migrations against the `sqlalchemy.url` of the ini file's [app:main].

`alembic -c INI upgrade head --sql` writes them down instead, and asks no server.
"""

from pathlib import Path
from typing import Any

from alembic import context
from demoapp.db import open_engine
from demoapp.sessions.database import metadata as sessions
from demoapp.sessions.ini import Ini
from demoapp.settings import app_settings, resolve, told_in_a_line
from demoapp.shop.models import Base

config = context.config


def migrate(**where: Any) -> None:
    tables = [Base.metadata, sessions]
    context.configure(target_metadata=tables, render_as_batch=True, **where)
    with context.begin_transaction():
        context.run_migrations()


with told_in_a_line():
    settings = resolve(app_settings(config.config_file_name))
    # not the shop's make_engine: building an index may take its time, and SQLite's foreign keys
    # would forbid to replace a table, which is how it changes a column
    engine = open_engine(Ini(settings).text("sqlalchemy.url"))
    if context.is_offline_mode():
        migrate(dialect_name=engine.dialect.name, literal_binds=True)
    else:
        if engine.url.get_backend_name() == "sqlite" and engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        try:
            with engine.connect() as connection:
                migrate(connection=connection)
        finally:
            engine.dispose()
