"""The stage, at /stage: all four strategies next to each other. Only with `demo.labs = true`.

Each strategy has a shop of its own in this process: a whole application, below
/stage/{shop}/, with a session cookie of its own. The page sends one act to all of them, and says
what each did and why. The cookies for CSRF and language are shared: they are Path=/ and every
shop understands them.

- house.py       the shops: who opens them, when, and for whom
- errand.py      asking a shop in the visitor's name
- accounts.py    who logs in there
- play.py        one act by one visitor; acts.py has what each button does
- columns.py     what a shop knows of the visitor
- views.py       the page, and the way to the shops below it
- stage.toml     what the page says
"""

from collections.abc import Iterable
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther

from demoapp import make_app
from demoapp.lessons.stage.house import INSIDE, House, close
from demoapp.settings import teaches
from demoapp.shop.strategies import NAMES


def includeme(config: Any) -> None:
    settings = config.registry.settings
    if INSIDE in settings:
        config.add_view(leave, route_name="stage")
    elif teaches(settings):
        shops = {name: settings_of(name, settings) for name in NAMES}
        config.registry["house"] = House(shops, config.registry.get("ini_file"))
        config.scan("demoapp.lessons.stage.views")


def settings_of(strategy: str, settings: Any) -> dict[str, Any]:
    """Those of the shop around the stage, with a strategy and a cookie of its own."""
    own = {"session.strategy": strategy, "session.cookie_name": f"session-{strategy}"}
    found = {**settings, **own}
    for key in ("session.migrate_from", "session.custom.factory", "pyramid.includes"):
        found.pop(key, None)
    return found


def leave(request: Any) -> Any:
    """A shop on the stage has none of its own: its links lead up to the one it is on."""
    return HTTPSeeOther(request.script_name.rpartition("/")[0] or "/")


def composite(loader: Any, global_config: Any, **sections: str) -> Any:
    """`pserve development.ini -n side-by-side`: a shop on each path, as its section of the ini file
    has it, and the stage in front of them all. What is around the stage is the first of them again.
    """
    settings = {}
    for path, section in sections.items():
        app = loader.get_app(section, global_conf=global_config)
        settings[path] = dict(app.registry.settings)
        close(app)
    around = {**next(iter(settings.values())), "session.cookie_name": "session"}
    app = make_app(global_config, around)
    app.registry["house"] = House(settings, app.registry.get("ini_file"))
    return StageFirst(app, settings)


class StageFirst:
    """A WSGI application: / is the stage, and /memory/... the shop below it called memory."""

    def __init__(self, app: Any, shops: Iterable[str]) -> None:
        self._app, self._firsts = app, {"", *shops}
        self.registry = app.registry

    def __call__(self, environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"].lstrip("/")
        if path.partition("/")[0] in self._firsts:
            environ["PATH_INFO"] = f"/stage/{path}" if path else "/stage"
        return self._app(environ, start_response)
