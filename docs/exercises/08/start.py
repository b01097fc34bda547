"""Exercise 8. Redis is away. Who needs a session is to read 503 and a sentence, not an error."""

from pyramid.config import Configurator


def teas(request):
    return "sejak, omija, yuja"


def cart(request):
    return f"cart: {request.session.get('cart', [])}"


def main(settings):
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        for view in teas, cart:
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__, renderer="string")
    return config.make_wsgi_app()
