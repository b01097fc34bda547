"""The session factory that a strategy with a store registers: `request.session` comes from here."""

from collections.abc import Callable
from typing import Any

from pyramid.events import ApplicationCreated
from pyramid.threadlocal import manager as threadlocals
from pyramid.tweens import EXCVIEW

from demoapp.sessions.finding import Layer
from demoapp.sessions.ini import SettingsError
from demoapp.sessions.interfaces import ISessionStore, Store
from demoapp.sessions.saving import Saving
from demoapp.sessions.session import Session
from demoapp.sessions.settings import SessionSettings


class SessionFactory(Layer):
    """Makes the session of a request, as Pyramid asks for one."""

    def __call__(self, request: Any) -> Session:
        around = request_around(request)
        return around.session if around else Session(request, self, Saving(request, self))


def request_around(request: Any, stack: list[Any] | None = None) -> Any:
    """The request in whose transaction this one is, and whose session it shares, if any is.

    A subrequest without tweens, or made by `request.copy()`, commits with the request around it.
    """
    stack = stack or threadlocals.stack
    if len(stack) < 2 or stack[-1]["request"] is not request:
        return None
    outer = stack[-2]["request"]
    if outer in (None, request) or outer.registry is not request.registry:
        return None
    own, around = request.environ, outer.environ
    shown = own.get("HTTP_COOKIE")
    if shown and shown != around.get("HTTP_COOKIE"):
        return None
    if "tm.active" not in own and "tm.active" not in around:
        return request_around(outer, stack[:-1])
    apart = "tm.active" in own and own.get("tm.manager") is not around.get("tm.manager")
    return outer if "tm.active" in around and not apart else None


def is_ours(registry: Any) -> bool:
    """Whether sessions are this package's. Of a factory from elsewhere nobody knows its ways."""
    return isinstance(registry["session.factory"], SessionFactory)


def at_the_start(registry: Any, check: Callable[[Any], None]) -> None:
    """Once. A listener that stayed would have Pyramid announce every request, to nobody."""

    def listen(created: Any) -> None:
        registry.unregisterHandler(listen, (ApplicationCreated,))
        registry.has_listeners = any(registry.registeredHandlers()) or bool(registry.__bases__)
        check(created)

    registry.registerHandler(listen, (ApplicationCreated,))


def refuse_another(created: Any) -> None:
    """What an application says itself counts more for Pyramid than what it includes."""
    registry = created.app.registry
    told = registry.introspector.get("session factory", None)
    if told and told["factory"] is not registry["session.factory"]:
        raise SettingsError(
            f"session.strategy = {registry['session.settings'].strategy} would have no effect, "
            "as the application sets a session factory of its own; take that line out"
        )


def install(config: Any, store: Store, settings: SessionSettings) -> None:
    """Make `store` the one behind `request.session`. A strategy's includeme ends with this."""
    config.registry.registerUtility(store, ISessionStore)
    config.registry["session.factory"] = factory = SessionFactory(store, settings)
    config.set_session_factory(factory)
    config.add_tween("demoapp.sessions.saving.turn_tween_factory", under=EXCVIEW)
