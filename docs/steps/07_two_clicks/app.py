"""Many clicks at once: `app.py` saves in a callback, `app.py ours` as the tea house does."""

import sys
import time

from pyramid.config import Configurator
from waitress import serve


# 1
def add(request):
    clicks = request.session.get("clicks", 0)
    time.sleep(0.2)  # a slow page: meanwhile the other clicks arrive
    request.session["clicks"] = clicks + 1
    return look(request)


def look(request):
    return f"clicks: {request.session.get('clicks', 0)}"


# 2
class NoTeaLeft(Exception):
    """Raised after the view has said thank you, as a database may do at any time."""


def order(request):
    request.session.flash("Thank you for your order!")
    raise NoTeaLeft


def sorry(error, request):
    request.response.status = 409
    return "Sorry, nothing was ordered."


def messages(request):
    return f"messages: {request.session.pop_flash()}"


# 3
def main(sessions="callback"):
    settings = {
        "session.strategy": "memory",
        "session.secret": "0123456789" * 4,
    }
    with Configurator(settings=settings) as config:
        config.include(sessions)
        for view in look, add, order, messages:
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__, renderer="string")
        config.add_exception_view(sorry, context=NoTeaLeft, renderer="string")
    return config.make_wsgi_app()


if __name__ == "__main__":
    sessions = "demoapp.sessions" if "ours" in sys.argv else "callback"
    serve(main(sessions), listen="127.0.0.1:6550", threads=12)
