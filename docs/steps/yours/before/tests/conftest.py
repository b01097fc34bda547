"""The fixtures of pyramid-cookiecutter-starter, in short.

One transaction around each test, which is doomed: whatever the requests of the test change is
rolled back at its end.
"""

import alembic.command
import alembic.config
import pytest
import transaction
import webtest
from pyramid.paster import get_appsettings
from yours import main, models

INI = "testing.ini"


@pytest.fixture(scope="session")
def app_settings():
    return get_appsettings(INI)


@pytest.fixture(scope="session")
def dbengine(app_settings):
    engine = models.get_engine(app_settings)
    migrations = alembic.config.Config(INI)
    models.Base.metadata.drop_all(bind=engine)
    alembic.command.stamp(migrations, None, purge=True)
    alembic.command.upgrade(migrations, "head")
    yield engine
    models.Base.metadata.drop_all(bind=engine)
    alembic.command.stamp(migrations, None, purge=True)
    engine.dispose()


@pytest.fixture(scope="session")
def app(app_settings, dbengine):
    return main({}, dbengine=dbengine, **app_settings)


@pytest.fixture
def tm():
    manager = transaction.TransactionManager(explicit=True)
    manager.begin()
    manager.doom()
    yield manager
    manager.abort()


@pytest.fixture
def dbsession(app, tm):
    return models.get_tm_session(app.registry["dbsession_factory"], tm)


@pytest.fixture
def testapp(app, tm, dbsession):
    environ = {"HTTP_HOST": "example.com", "app.dbsession": dbsession}
    environ |= {"tm.active": True, "tm.manager": tm}
    return webtest.TestApp(app, extra_environ=environ)
