"""`session.migrate_from`: visitors keep cart and login when the strategy is changed.

Sessions of the strategy that was used before are still read, and moved by their visitor's next
write. Whoever was away for longer than the idle limit would be logged out anyway; so after
that time the line can go. Sessions in memory have ended with their process: there is nothing
to move.

- server to server: :class:`MigratingStore`, two stores that look like one;
- signed cookie to server: the same, with :class:`CookieSource` in the place of the old store;
- server to signed cookie: :class:`LeavingStore`.
"""

from typing import Any

from demoapp.sessions.custom import SignedCookies, make_factory
from demoapp.sessions.factory import SessionFactory, is_ours
from demoapp.sessions.ini import Ini, SettingsError
from demoapp.sessions.interfaces import ISessionStore, Store
from demoapp.sessions.migration.cookies import BothCookies, CookieSource, LeavingStore
from demoapp.sessions.migration.servers import MigratingStore
from demoapp.sessions.settings import SessionSettings


def includeme(config: Any) -> None:
    """Put the old store behind the new one, which has been installed already."""
    factory = config.registry["session.factory"]
    ours: SessionSettings = config.registry["session.settings"]
    if not is_ours(config.registry):
        name = Ini(config.registry.settings).text("session.custom.factory")
        raise SettingsError(
            f"session.migrate_from cannot move sessions into session.custom.factory = {name}"
        )
    if isinstance(factory, SignedCookies):
        factory.store = LeavingStore(factory, _old_store(config, ours), factory.ids)
    else:
        _into_a_store(config, factory, ours)


def _into_a_store(config: Any, factory: SessionFactory, ours: SessionSettings) -> None:
    old: Store
    if ours.migrate_from == "custom":
        old = source = CookieSource(make_factory(config))
        ids = factory.keys
        factory.cookie = BothCookies(ours.cookie_name, ours.cookie_secure, source)
        factory.keys = lambda request, shown: ids(request, shown) or source.keys(request, shown)
    else:
        old = _old_store(config, ours)
    factory.store = MigratingStore(factory.store, old, ours.absolute_timeout)
    config.registry.registerUtility(factory.store, ISessionStore)


def _old_store(config: Any, ours: SessionSettings) -> Store:
    module = config.maybe_dotted(f"demoapp.sessions.{ours.migrate_from}")
    store: Store = module.make_store(config, ours)
    return store
