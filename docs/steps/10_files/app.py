"""A page that counts its visits, in files of your own: `app.py`, or `app.py first`."""

import sys

from pyramid.config import Configurator
from waitress import serve


# 1
def count(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return f"visit {request.session['visits']}"


def main(store="store"):
    settings = {
        "session.strategy": "custom",
        "session.custom.factory": f"{store}.in_files",
        "session.secret": "0123456789" * 4,
    }
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        config.add_route("count", "/")
        config.add_view(count, route_name="count", renderer="string")
    return config.make_wsgi_app()


# 2
if __name__ == "__main__":
    serve(main("first" if "first" in sys.argv else "store"), listen="127.0.0.1:6550")
