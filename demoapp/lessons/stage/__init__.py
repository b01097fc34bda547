"""All four strategies in one process: `pserve development.ini -n side-by-side`.

Each shop is mounted under a path of its own and has a session cookie of its own; the page at /
sends one click to all of them. The cookies for CSRF and language are shared: they are Path=/
and every shop understands them.

- __init__.py    which application answers which path (a PasteDeploy composite)
- errand.py      asking a shop in the visitor's name
- columns.py     what a shop knows of the visitor, and what a click has cost there
- views.py       the page at /
"""

from typing import Any
from wsgiref.util import shift_path_info

from pyramid.config import Configurator

from demoapp.front.health import healthz
from demoapp.routes import STAGE, add_routes
from demoapp.shop.views.account import locale


class Mounted:
    """A WSGI application: /memory/... is for the shop called memory, the rest for the page."""

    def __init__(self, shops: dict[str, Any], page: Any) -> None:
        self._shops = shops
        self._page = page

    def __call__(self, environ: Any, start_response: Any) -> Any:
        first = environ["PATH_INFO"].lstrip("/").partition("/")[0]
        shop = self._shops.get(first)
        if shop is None:
            return self._page(environ, start_response)
        shift_path_info(environ)  # what is left is the shop's PATH_INFO; its links begin with ours
        return shop(environ, start_response)


def composite(loader: Any, global_config: Any, **sections: str) -> Mounted:
    """What the ini section calls; it names an application for each path."""
    shops = {
        path: loader.get_app(section, global_conf=global_config)
        for path, section in sections.items()
    }
    return Mounted(shops, make_page(shops))


def make_page(shops: dict[str, Any]) -> Any:
    """The application at /. It keeps no session: what it shows, the shops have told it."""
    with Configurator(settings={"session.strategy": "side-by-side"}) as config:
        config.registry["shops"] = shops
        config.add_tween("demoapp.front.logs.tween_factory")
        for part in ("wellformed", "csrf", "headers"):
            config.include(f"demoapp.front.{part}")
        for part in ("i18n", "templating", "assets"):
            config.include(f"demoapp.{part}")
        config.include("demoapp.shop.globals")
        add_routes(config, STAGE)
        config.add_view(locale, route_name="locale", request_method="POST")
        config.add_view(healthz, route_name="healthz", request_method="GET")
        config.scan("demoapp.lessons.stage.views")
    return config.make_wsgi_app()
