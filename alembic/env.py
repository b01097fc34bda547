"""Runs migrations against the `sqlalchemy.url` of the ini file's [app:main]."""

from pyramid.paster import get_appsettings

from alembic import context
from demoapp.db import make_engine
from demoapp.models import Base
from demoapp.sessions.database import metadata as sessions
from demoapp.settings import resolve

config = context.config
settings = resolve(get_appsettings(config.config_file_name))
engine = make_engine(settings["sqlalchemy.url"])
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
