"""Exercise 9. Sessions were in cookies. They move into the database; nobody is logged out."""

import zope.sqlalchemy
from pyramid.config import Configurator
from sqlalchemy import engine_from_config
from sqlalchemy.orm import Session

from demoapp.sessions.database import metadata

SETTINGS = {
    "session.strategy": "database",
    "session.migrate_from": "custom",
    "session.secret": "0123456789" * 4,
}


def count(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return f"visit {request.session['visits']}"


def main(settings):
    with Configurator(settings={**settings, **SETTINGS}) as config:
        config.include("demoapp.sessions")
        config.include(database)
        config.add_route("count", "/")
        config.add_view(count, route_name="count", renderer="string")
    return config.make_wsgi_app()


def database(config):
    engine = engine_from_config(config.get_settings())
    metadata.create_all(engine)

    def dbsession(request):
        session = Session(engine)
        zope.sqlalchemy.register(session, transaction_manager=request.tm)
        return session

    config.add_request_method(dbsession, reify=True)
