"""Change what is inside a session: `app.py` has Pyramid's own, `app.py ours` the tea house's."""

import sys
from datetime import UTC, datetime

from pyramid.config import Configurator
from pyramid.session import SignedCookieSessionFactory
from waitress import serve


# 1
def look(request):
    return f"cart: {request.session.get('cart')}"


def begin(request):
    request.session["cart"] = {"tea": 0}
    return look(request)


def nested(request):
    request.session["cart"]["tea"] += 1
    return look(request)


def assign(request):
    cart = request.session["cart"]
    request.session["cart"] = {**cart, "tea": cart["tea"] + 1}
    return look(request)


# 2
def date(request):
    request.session["since"] = datetime.now(UTC)
    return "the view is done"


# 3
def pyramids(config):
    config.set_session_factory(SignedCookieSessionFactory("of chapter 3", reissue_time=120))


def ours(config):
    config.add_settings({"session.strategy": "memory", "session.secret": "0123456789" * 4})
    config.include("demoapp.sessions")


# 4
def main(sessions=pyramids):
    with Configurator() as config:
        sessions(config)
        for view in look, begin, nested, assign, date:
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__, renderer="string")
    return config.make_wsgi_app()


if __name__ == "__main__":
    serve(main(ours if "ours" in sys.argv else pyramids), listen="127.0.0.1:6550")
