import zope.sqlalchemy
from sqlalchemy import engine_from_config
from sqlalchemy.orm import sessionmaker

from .meta import Base as Base
from .note import Note as Note


def get_engine(settings):
    return engine_from_config(settings, "sqlalchemy.")


def get_tm_session(maker, manager, request=None):
    session = maker(info={"request": request})
    zope.sqlalchemy.register(session, transaction_manager=manager)
    return session


def includeme(config):
    settings = config.get_settings()
    settings["tm.manager_hook"] = "pyramid_tm.explicit_manager"
    config.include("pyramid_tm")
    config.include("pyramid_retry")

    engine = settings.get("dbengine") or get_engine(settings)  # a test brings its own
    maker = config.registry["dbsession_factory"] = sessionmaker(bind=engine)

    def dbsession(request):
        given = request.environ.get("app.dbsession")  # so does a test's request
        return get_tm_session(maker, request.tm, request) if given is None else given

    config.add_request_method(dbsession, reify=True)
