"""Exercise 8. Redis is away. Who needs a session reads 503 and a sentence, not an error."""

from pyramid.config import Configurator

from demoapp.sessions.interfaces import SessionStoreUnavailable


def teas(request):
    return "sejak, omija, yuja"


def cart(request):
    return f"cart: {request.session.get('cart', [])}"


def away(error, request):
    request.response.status = 503
    return "Your cart cannot be reached at the moment. Please try again soon."


def main(settings):
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        for view in teas, cart:
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__, renderer="string")
        config.add_exception_view(away, context=SessionStoreUnavailable, renderer="string")
    return config.make_wsgi_app()
