"""A page that counts its visits."""

from pyramid.config import Configurator
from pyramid.session import SignedCookieSessionFactory
from waitress import serve


def count(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return f"visit {request.session['visits']}"


def main():
    with Configurator() as config:
        config.set_session_factory(SignedCookieSessionFactory("the secret of chapter 1"))
        config.add_route("home", "/")
        config.add_view(count, route_name="home", renderer="string")
    return config.make_wsgi_app()


if __name__ == "__main__":
    serve(main(), listen="127.0.0.1:6550")
