"""The stage, at /stage: all four strategies next to each other. Only with `demo.labs = true`.

Each strategy has a shop of its own in this process: a whole application, below
/stage/{shop}/, with a session cookie of its own. The page sends one act to all of them, and says
what each did and why. The cookies for CSRF and language are shared: they are Path=/ and every
shop understands them.

- house.py       the shops: who opens them, when, and for whom
- errand.py      asking a shop in the visitor's name
- acts.py        what a button does
- columns.py     what a shop knows of the visitor
- views.py       the page, and the way to the shops below it
- stage.toml     what the page says
"""

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther

from demoapp import make_app
from demoapp.lessons.stage.house import INSIDE, House
from demoapp.sessions import STRATEGIES
from demoapp.settings import teaches


def includeme(config: Any) -> None:
    settings = config.registry.settings
    if INSIDE in settings:
        config.add_view(leave, route_name="stage")
    elif teaches(settings):
        shops = {name: settings_of(name, settings) for name in STRATEGIES}
        config.registry["house"] = House(shops, config.registry.get("ini_file"))
        config.scan("demoapp.lessons.stage.views")


def settings_of(strategy: str, settings: Any) -> dict[str, Any]:
    """Those of the shop around the stage, but for what makes each of the four itself."""
    own = {"session.strategy": strategy, "session.cookie_name": f"session-{strategy}"}
    left_out = ("session.migrate_from", "session.custom.factory", "pyramid.includes")
    return {key: settings[key] for key in settings if key not in left_out} | own


def leave(request: Any) -> Any:
    """A shop on the stage has none of its own: its links lead up to the one it is on."""
    return HTTPSeeOther(request.script_name.rpartition("/")[0] or "/")


def composite(loader: Any, global_config: Any, **sections: str) -> Any:
    """`pserve development.ini -n side-by-side`: the stage at /, its shops as the ini file has them.

    The rest is the shop of the section named first.
    """
    apps = {name: loader.get_app(section, global_config) for name, section in sections.items()}
    settings = {name: dict(app.registry.settings) for name, app in apps.items()}
    around = next(iter(settings.values()))
    app = make_app(global_config, {**around, "session.cookie_name": "session"})
    app.registry["house"] = House(settings, app.registry.get("ini_file"))

    def stage_first(environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.split("/")[1:2] in ([], [""], *([name] for name in settings)):
            environ["PATH_INFO"] = "/stage" + path if path.strip("/") else "/stage"
        return app(environ, start_response)

    return stage_first
