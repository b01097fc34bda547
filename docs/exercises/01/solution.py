"""Exercise 1. This page counts its visits."""

from pyramid.config import Configurator
from pyramid.session import SignedCookieSessionFactory


def count(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return f"visit {request.session['visits']}"


def main():
    with Configurator() as config:
        config.set_session_factory(SignedCookieSessionFactory("a secret of at least 64 bytes"))
        config.add_route("count", "/")
        config.add_view(count, route_name="count", renderer="string")
    return config.make_wsgi_app()
