"""What each shop knows of the visitor, and what the last click has cost there."""

import json
import tomllib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from demoapp.lessons.stage.errand import Answer, Cost, Errand
from demoapp.sessions.cookie import SessionCookie

CATALOG = Path(__file__).resolve().parents[2] / "shop" / "catalog.toml"
COOKIE = SessionCookie("side-by-side", secure=None)
"""Carries what a click has led to over the redirect to the page that shows it."""
ACTIONS = ("add", "login", "logout", "clear")


@dataclass(frozen=True)
class Click:
    """How one shop has answered the click, and what its session cost there."""

    status: int
    load: Cost | None
    save: Cost | None

    @property
    def ms(self) -> float:
        return sum(stage.ms for stage in (self.load, self.save) if stage)

    @classmethod
    def of(cls, answer: Answer) -> "Click":
        return cls(answer.status, answer.load, answer.save)

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Click":
        """Raises LookupError, TypeError or ValueError for what is none."""
        load, save = (
            Cost(float(stage["ms"]), None if stage["trips"] is None else int(stage["trips"]))
            if (stage := told[name]) is not None
            else None
            for name in ("load", "save")
        )
        return cls(int(told["status"]), load, save)


def keep_clicks(request: Any, response: Any, action: str, clicks: Mapping[str, Click]) -> None:
    told = {"action": action, "shops": {name: asdict(click) for name, click in clicks.items()}}
    COOKIE.write(request, response, urlsafe_b64encode(json.dumps(told).encode()).decode())


def kept_clicks(request: Any) -> tuple[str | None, dict[str, Click]]:
    """The action and its results; none if the cookie is not there or makes no sense."""
    try:
        told = json.loads(urlsafe_b64decode(COOKIE.read(request) or ""))
        shops = {name: Click.read(told["shops"][name]) for name in request.registry["shops"]}
        action = told["action"]
    # RecursionError: brackets within brackets
    except (LookupError, TypeError, ValueError, OverflowError, RecursionError):
        return None, {}
    return (action, shops) if action in ACTIONS else (None, {})


@cache
def teas(locale: str) -> dict[str, str]:
    """Names by SKU, in the order of the shelves."""
    catalog = tomllib.loads(CATALOG.read_text(encoding="utf-8"))
    return {product["sku"]: product[f"name_{locale}"] for product in catalog["product"]}


def column(request: Any, errand: Errand, shop: str, click: Click | None) -> SimpleNamespace:
    """What one shop knows just now; asks it once."""
    settings = request.registry["shops"][shop].registry["session.settings"]
    cookie = SessionCookie(settings.cookie_name, settings.cookie_secure)
    sent = cookie.read(request)
    answer = errand.get(shop, "/session.json")
    found = answer.data if answer.status == 200 else None
    if not sent and errand.get(shop, "/readyz").status == 503:
        found = None  # without a cookie the store is not asked, so nobody would have noticed
    if found is None:
        state = "down"
    elif not found["new"]:
        state = "known"
    else:
        state = "forgotten" if sent else "none"
    names = teas(request.locale_name)
    cart: dict[str, Any] = found["cart"] if found else {"lines": [], "quantity": 0, "total": 0}
    return SimpleNamespace(
        name=shop,
        strategy=settings.strategy,
        home=f"{request.script_name}/{shop}/",
        session=f"{request.script_name}/{shop}/session",
        state=state,
        user=found and found["user"],
        lines=[
            {"name": names.get(line["sku"], line["sku"]), "pictured": line["sku"] in names, **line}
            for line in cart["lines"]
        ],
        quantity=cart["quantity"],
        total=cart["total"],
        cookie_name=cookie.name(request),
        cookie_bytes=len(sent or ""),
        load=answer.load,
        click=click,
    )
