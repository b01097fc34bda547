"""What the sessions of one application share."""

from collections.abc import Callable
from typing import Any

from demoapp.sessions.cookie import SessionCookie
from demoapp.sessions.ids import Ids
from demoapp.sessions.interfaces import Store
from demoapp.sessions.settings import SessionSettings


class Layer:
    """The store, and what is needed to find a session in it."""

    def __init__(self, store: Store, settings: SessionSettings) -> None:
        self.store = store
        self.settings = settings
        self.ids = Ids(settings.secrets)
        self.cookie = SessionCookie(settings.cookie_name, settings.cookie_secure)
        self.keys: Callable[[Any, str], list[str]] = self.ids.keys
        """What the store may know a cookie's value by; another one where sessions are moved."""
