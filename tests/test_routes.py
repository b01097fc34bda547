"""demoapp/routes.py is where a reader finds every URL."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pyramid.interfaces import IRoutesMapper

from demoapp.routes import FRONT, LESSONS, SHOP

PACKAGE = Path(__file__).resolve().parents[1] / "demoapp"


def urls(app: Any) -> dict[str, str]:
    """What the application answers to, but for the files below /static."""
    routes = app.registry.getUtility(IRoutesMapper).get_routes()
    return {r.name: r.pattern for r in routes if "*subpath" not in r.pattern}


def without_view(app: Any, routes: Mapping[str, str]) -> set[str]:
    views = app.registry.introspector.get_category("views")
    return routes.keys() - {view["introspectable"]["route_name"] for view in views}


def test_every_url_of_the_shop_is_listed(start_shop: Callable[..., Any]) -> None:
    shop = start_shop("memory")
    assert urls(shop) == {**FRONT, **SHOP, **LESSONS}
    assert without_view(shop, urls(shop)) == set()


def test_nobody_else_adds_one() -> None:
    """Nor one that only some setting brings about."""
    adding = [file for file in PACKAGE.rglob("*.py") if "add_route(" in file.read_text()]
    assert adding == [PACKAGE / "routes.py"]
