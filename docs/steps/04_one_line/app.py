"""A page that counts its visits. Where the number is kept is a line of development.ini."""

import sys
from pathlib import Path

import zope.sqlalchemy
from pyramid.config import Configurator
from pyramid.scripts import pserve
from sqlalchemy import engine_from_config
from sqlalchemy.orm import Session

from demoapp.sessions.database import metadata


# 1
def count(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return f"visit {request.session['visits']}"


def look(request):
    return f"visits so far: {request.session.get('visits', 0)}"


def main(global_config, **settings):
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        config.include(database)
        config.add_route("count", "/")
        config.add_route("look", "/look")
        config.add_view(count, route_name="count", renderer="string")
        config.add_view(look, route_name="look", renderer="string")
    return config.make_wsgi_app()


# 2
def database(config):
    engine = engine_from_config(config.get_settings())
    metadata.create_all(engine)

    def dbsession(request):
        session = Session(engine)
        zope.sqlalchemy.register(session, transaction_manager=request.tm)
        return session

    config.add_request_method(dbsession, reify=True)


# 3
if __name__ == "__main__":
    ini = Path(__file__).with_name("development.ini")
    pserve.main(["pserve", str(ini), *sys.argv[1:]])
