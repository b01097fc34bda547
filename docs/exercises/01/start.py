"""Exercise 1. This page should count its visits."""

from pyramid.config import Configurator


def count(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return f"visit {request.session['visits']}"


def main():
    with Configurator() as config:
        config.add_route("count", "/")
        config.add_view(count, route_name="count", renderer="string")
    return config.make_wsgi_app()
