"""Log in and out: `app.py` has Pyramid's cookie session, `app.py ours` the tea house's."""

import sys

from pyramid.config import Configurator
from pyramid.session import SignedCookieSessionFactory
from waitress import serve


# 1
def look(request):
    return f"user: {request.session.get('user')}\n"


def begin(request):
    request.session["visited"] = True
    return look(request)


# 2
def careless(request):
    request.session["user"] = "minji"
    return look(request)


def login(request):
    request.session.log_in("minji")
    request.session["user"] = "minji"
    return look(request)


# 3
def logout(request):
    request.session.invalidate()
    return look(request)


# 4
def pyramids(config):
    config.set_session_factory(SignedCookieSessionFactory("of chapter 8"))


def ours(config):
    config.add_settings({"session.strategy": "memory", "session.secret": "0123456789" * 4})
    config.include("demoapp.sessions")


def main(sessions=pyramids):
    with Configurator() as config:
        sessions(config)
        for view in look, begin, careless, login, logout:
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__, renderer="string")
    return config.make_wsgi_app()


if __name__ == "__main__":
    serve(main(ours if "ours" in sys.argv else pyramids), listen="127.0.0.1:6550")
