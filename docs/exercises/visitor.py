"""What the checks need: a browser, an application of a few views, and an error with a hint."""

import inspect
from http.cookies import SimpleCookie

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.session import SignedCookieSessionFactory

SECRET = "0123456789" * 4


class Red(Exception):
    """The answer is not right yet. `hint` is the heading of a hint made for this mistake."""

    def __init__(self, said, hint=None):
        super().__init__(said)
        self.hint = hint


def same(what, is_, should_be):
    if is_ != should_be:
        raise Red(f"{what}: {is_!r}, not {should_be!r}")


class Visitor:
    """Keeps the cookies of one application, as a browser does."""

    def __init__(self, app, cookies=()):
        self.app, self.cookies = app, dict(cookies)

    def get(self, path):
        header = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = Request.blank(path, headers={"Cookie": header}).get_response(self.app)
        for line in answer.headers.getall("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer

    def read(self, path):
        return self.get(path).text


def pyramids(config):
    # not written anew at each second, as chapter 3 explains
    config.set_session_factory(SignedCookieSessionFactory(SECRET, reissue_time=120))


def ours(config, **settings):
    config.add_settings({"session.strategy": "memory", "session.secret": SECRET, **settings})
    config.include("demoapp.sessions")


def in_a_cookie(config):
    ours(config, **{"session.strategy": "custom"})


def site(sessions, answer, *names):
    """An application with those functions of an answer as its pages, at /name."""
    with Configurator() as config:
        sessions(config)
        for name in names:
            view = getattr(answer, name)
            assert len(inspect.signature(view).parameters) == 1, f"{name} takes the request"
            config.add_route(name, f"/{name}")
            config.add_view(view, route_name=name, renderer="string")
    return config.make_wsgi_app()
