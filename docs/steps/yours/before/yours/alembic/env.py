from pyramid.paster import get_appsettings, setup_logging
from yours.models import Base, get_engine

from alembic import context

setup_logging(context.config.config_file_name)
settings = get_appsettings(context.config.config_file_name)

with get_engine(settings).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
