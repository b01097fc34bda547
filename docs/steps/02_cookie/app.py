"""A cart in a signed cookie."""

from pyramid.config import Configurator
from pyramid.session import SignedCookieSessionFactory
from waitress import serve


# 1
def cart(request):
    return f"cart: {request.session.get('cart', [])}"


def put(request):
    old = request.session.get("cart", [])
    request.session["cart"] = [*old, request.matchdict["tea"]]
    return cart(request)


# 2
def fill(request):
    text, times = request.matchdict["text"], int(request.matchdict["times"])
    request.session["note"] = text * times
    return f"{times} x {text}"


# 3
def main():
    with Configurator() as config:
        config.set_session_factory(SignedCookieSessionFactory("the secret of chapter 2"))
        config.add_route("cart", "/")
        config.add_route("put", "/put/{tea}")
        config.add_route("fill", "/fill/{text}/{times}")
        config.add_view(cart, route_name="cart", renderer="string")
        config.add_view(put, route_name="put", renderer="string")
        config.add_view(fill, route_name="fill", renderer="string")
    return config.make_wsgi_app()


if __name__ == "__main__":
    serve(main(), listen="127.0.0.1:6550")
