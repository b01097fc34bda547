"""Runs migrations against the `sqlalchemy.url` of the ini file's [app:main]."""

from pathlib import Path

from pyramid.paster import get_appsettings
from sqlalchemy import create_engine

from alembic import context
from demoapp.sessions.database import metadata as sessions
from demoapp.sessions.ini import Ini
from demoapp.settings import readable, resolve, told_in_a_line
from demoapp.shop.models import Base

config = context.config
with told_in_a_line(), readable(config.config_file_name):
    settings = resolve(get_appsettings(config.config_file_name))
    url = Ini(settings).text("sqlalchemy.url")
# not the shop's make_engine: building an index may take its time, and SQLite's foreign keys
# would forbid to replace a table, which is how it changes a column
engine = create_engine(url)
if engine.url.get_backend_name() == "sqlite" and engine.url.database:
    Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
try:
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=[Base.metadata, sessions],
            render_as_batch=True,
        )
        with context.begin_transaction():
            context.run_migrations()
finally:
    engine.dispose()
