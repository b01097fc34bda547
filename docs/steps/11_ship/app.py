"""A page worth a test: one tea more in the cart."""

from datetime import UTC, datetime

from pyramid.config import Configurator
from waitress import serve


# 1
def add(request):
    teas = request.session.get("teas", 0) + 1
    request.session["teas"] = teas
    return f"teas: {teas}"


def since(request):
    request.session["since"] = datetime.now(UTC)
    return "the view is done"


# 2
def main(**settings):
    defaults = {"session.strategy": "memory", "session.secret": "0123456789" * 4}
    with Configurator(settings={**defaults, **settings}) as config:
        config.include("demoapp.sessions")
        for view in add, since:
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__, renderer="string")
    return config.make_wsgi_app()


if __name__ == "__main__":
    serve(main(), listen="127.0.0.1:6550")
