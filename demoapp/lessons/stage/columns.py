"""What each shop knows of the visitor just now, and what it did last."""

import tomllib
from functools import cache
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from demoapp.lessons.content import content
from demoapp.lessons.map.drawing import Drawing
from demoapp.lessons.map.state import State
from demoapp.lessons.stage.house import ALONE, Stage
from demoapp.lessons.stage.play import Play, Result

CATALOG = Path(__file__).resolve().parents[2] / "shop" / "catalog.toml"
ENOUGH = 5
"""Times of which a median says something."""


@cache
def teas(locale: str) -> dict[str, str]:
    """Names by SKU, in the order of the shelves."""
    catalog = tomllib.loads(CATALOG.read_text(encoding="utf-8"))
    return {product["sku"]: product[f"name_{locale}"] for product in catalog["product"]}


def column(play: Play, shop: str) -> SimpleNamespace:
    """One shop; asks it once."""
    stage, strategy = play.stage, play.stage.house.strategy(shop)
    _, shown = play.cookie(shop)
    answer = play.errand.get(shop, "/session.json")
    found = answer.data if answer.status == 200 else None
    if not shown and strategy != ALONE and play.errand.get(shop, "/readyz").status == 503:
        found = None  # without a cookie the store is not asked, so nobody would have noticed
    cart: dict[str, Any] = found["cart"] if found else {"lines": [], "quantity": 0, "total": 0}
    names, times = teas(play.request.locale_name), stage.times[shop]
    played: Result | None = stage.played and stage.played[1][shop]
    return SimpleNamespace(
        name=shop,
        strategy=strategy,
        home=play.request.route_path("stage_shop", shop=shop, rest="/"),
        session=play.request.route_path("stage_shop", shop=shop, rest="/session"),
        state=state(found, shown),
        drawing=Drawing(drawn(found, strategy, shown), play.request.locale_name),
        missing=found is None and why(stage, shop, play.request.locale_name),
        user=found and found["user"],
        lines=[
            {"name": names.get(line["sku"], line["sku"]), "pictured": line["sku"] in names, **line}
            for line in cart["lines"]
        ],
        total=cart["total"],
        cookie_bytes=len(shown),
        load=answer.load if found else None,
        median=median(times) if len(times) >= ENOUGH else None,
        times=len(times),
        played=played,
        sentence=played and sentence(stage.played[0], strategy, played, play.request.locale_name),
    )


def state(found: Any, shown: str) -> str:
    if found is None:
        return "down"
    if not found["new"]:
        return "known"
    return "forgotten" if shown else "none"


def drawn(found: Any, strategy: str, shown: str) -> State:
    """The living map, as the shop tells of it; of one that does not, what the browser has."""
    if found:
        return State.read(found["map"])
    return State(strategy, "down", cookie_bytes=len(shown) if shown else None)


def why(stage: Stage, shop: str, locale: str) -> str:
    """Why a shop cannot be asked, and what to do."""
    return str(content("stage", locale)["otherwise"][stage.out_of_reach(shop)])


def sentence(action: str, strategy: str, result: Result, locale: str) -> str:
    """What a shop did, and why."""
    words = content("stage", locale)
    told = words["act"][action]["did"].get(strategy, {})
    text = told.get(result.outcome) or words["otherwise"].get(result.outcome)
    return str(text or words["otherwise"]["else"]).format(**result.figures)
