"""A page that says how old its session is: `app.py` has Pyramid's, `app.py ours` ours."""

import sys
import time

from pyramid.config import Configurator
from pyramid.session import SignedCookieSessionFactory
from waitress import serve


# 1
def look(request):
    session = request.session
    age = time.time() - session.created
    return f"cart: {session.get('cart')}, new: {session.new}, began {age:.0f} s ago"


def begin(request):
    request.session["cart"] = "tea"
    return look(request)


# 2
def pyramids(config):
    factory = SignedCookieSessionFactory("of chapter 9", timeout=1200, reissue_time=60)
    config.set_session_factory(factory)


# 3
OURS = {
    "session.strategy": "custom",
    "session.secret": "0123456789" * 4,
    "session.idle_timeout": "1200",
    "session.touch_interval": "60",
    "session.absolute_timeout": "3600",
}


def ours(config):
    config.add_settings(OURS)
    config.include("demoapp.sessions")


# 4
def main(sessions=pyramids):
    with Configurator() as config:
        sessions(config)
        for view in look, begin:
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__, renderer="string")
    return config.make_wsgi_app()


if __name__ == "__main__":
    serve(main(ours if "ours" in sys.argv else pyramids), listen="127.0.0.1:6550")
