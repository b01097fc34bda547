"""Exercise 7. Minji has lost her phone. `/end?handle=...` ends that session and no other."""

from pyramid.config import Configurator

from demoapp.sessions.interfaces import ISessionStore


def login(request):
    request.session.log_in(request.params["user"], request.params["device"])
    return ""


def devices(request):
    store = request.registry.getUtility(ISessionStore)
    records = store.owned_by(request, request.session.owner) if request.session.owner else []
    return "\n".join(f"{record.device} {record.handle}" for record in records)


def end(request):
    store = request.registry.getUtility(ISessionStore)
    for record in store.owned_by(request, request.session.owner) if request.session.owner else []:
        if record.handle == request.params["handle"]:
            store.end(request, record.key)
    return "ended"


def main(settings):
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        for view in login, devices, end:
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__, renderer="string")
    return config.make_wsgi_app()
