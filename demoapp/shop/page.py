"""The frame around every page: who is here, what is in the cart, what there is to say."""

from types import SimpleNamespace
from typing import Any

from pyramid.decorator import reify
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from demoapp.db.postgresql import NotReady
from demoapp.i18n import _
from demoapp.sessions.factory import is_ours
from demoapp.sessions.interfaces import SessionError, SessionStoreUnavailable
from demoapp.shop.cart import MAX_QUANTITY, Cart
from demoapp.shop.flash import DONE, told
from demoapp.shop.models import Category
from demoapp.shop.products import localised_category
from demoapp.shop.strategies import BY_NAME, ELSEWHERE, is_known

NOT_A_GOAL = ("login", "register")
"""Pages that nobody wants to come back to once logged in."""


class Page:
    """The frame around every page. It must render when the session store cannot be reached."""

    max_quantity = MAX_QUANTITY
    strategies = BY_NAME

    def __init__(self, request: Any) -> None:
        self._request = request
        self.error = getattr(request, "exception", None)
        """Of an error page, which asks nothing of a database that may be the error."""
        self.strategy = request.registry.settings["session.strategy"]
        self.path = (
            request.path_qs if request.method in ("GET", "HEAD") else f"{request.script_name}/"
        )
        self.address = request.host_url
        self.lessons = "lessons" in request.registry
        self.labs = request.registry.get("labs", {})  # by name; none where nobody teaches

    def onward(self, goal: str | None = None) -> dict[str, str]:
        """The query that makes a login come back here, or go on to what was asked for."""
        if goal is None:
            goal = self.path if self.error is None else ""
            if getattr(self._request.matched_route, "name", "") in NOT_A_GOAL:
                goal = self._request.GET.get("next", "")
        return {"next": goal} if goal not in ("", f"{self._request.script_name}/") else {}

    @reify
    def available(self) -> bool:
        if isinstance(self.error, SQLAlchemyError | SessionStoreUnavailable | NotReady):
            return False  # what has just failed is not asked again: one time-out is enough
        try:
            self._request.session.get("cart")  # ISession has no len()
        except SessionError:
            return False
        return True

    @property
    def where(self) -> str:
        """Where the cart is, in a sentence."""
        known = is_known(self._request.registry)
        return BY_NAME[self.strategy].where if known else ELSEWHERE

    @reify
    def idle_seconds(self) -> float | None:
        """When to expect the end of a session in which nothing is done, if it is ours to know.

        A read extends it at most every `touch_interval`, so it may come that much earlier.
        """
        settings = self._request.registry["session.settings"]
        if not is_ours(self._request.registry) or not self.available or self._request.session.new:
            return None
        return float(settings.idle_timeout - settings.touch_interval)

    @reify
    def categories(self) -> list[SimpleNamespace]:
        if self.error is not None:
            return []
        locale = self._request.locale_name
        rows = self._request.dbsession.scalars(select(Category).order_by(Category.position))
        return [localised_category(row, locale) for row in rows]

    @property
    def cart_count(self) -> int | None:
        if not self.available:
            return None
        if self.error is not None:
            return Cart(self._request.session).quantity  # without asking the database
        return int(self._request.cart.quantity)

    @reify
    def username(self) -> str | None:
        if not self.available or self.error is not None:
            return None
        user = self._request.current_user
        return user.username if user else None

    @property
    def anonymous(self) -> bool:
        """Nobody is logged in; an error page knows no more than whether somebody is."""
        return self.username is None and self._request.session.get("user") is None

    @reify
    def flashes(self) -> list[str]:
        if not self.available or self.error is not None:
            return []
        return [*self._unread(), *self._goodbye()]

    def _goodbye(self) -> list[str]:
        """After logging out there is no session to hold a message: the address asks for it."""
        left = self._request.GET.get("goodbye")
        if not left or self.username:
            return []
        text = _("You are logged out.")
        if left == "cart":
            text = _("You are logged out. Your cart is kept for your next login.")
        elif left == "all":
            text = _("This is your first minute again: the shop has forgotten this browser.")
        return [text]

    def _unread(self) -> list[str]:
        session = self._request.session
        texts = told(session, DONE)
        # nobody reads the answer to HEAD; and a cookie session counts an empty pop as a change
        if texts and self._request.method != "HEAD":
            session.pop_flash(DONE)
        return texts
