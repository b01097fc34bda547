"""Pyramid Tea House: a shop that shows where a Pyramid session lives."""

from typing import Any

from pyramid.config import Configurator

from demoapp.settings import DEFAULTS, resolve, told_in_a_line


def main(global_config: Any, **settings: Any) -> Any:
    """What `pserve` calls. A wrong setting ends the process, with one line on stderr."""
    with told_in_a_line():
        return make_app(global_config, settings)


def make_app(global_config: Any, settings: dict[str, Any]) -> Any:
    """The WSGI application. Every part is one line below."""
    with Configurator(settings={**DEFAULTS, **resolve(settings)}) as config:
        config.registry["ini_file"] = global_config.get("__file__")
        config.include("demoapp.settings")
        config.include("demoapp.templating")
        config.include("demoapp.sessions")  # the one this project is about
        config.include("demoapp.timing")
        config.include("demoapp.db")
        config.include("demoapp.security")
        config.include("demoapp.throttle")
        config.include("demoapp.orders")
        config.include("demoapp.hosts")
        config.include("demoapp.wellformed")
        config.include("demoapp.csrf")
        config.include("demoapp.metrics")
        config.include("demoapp.logs")
        config.include("demoapp.headers")
        config.include("demoapp.assets")
        config.include("demoapp.i18n")
        config.include("demoapp.routes")
        config.include("demoapp.page")
        config.include("demoapp.labs")
        config.include("demoapp.inspector")
        config.scan("demoapp.views")
    return config.make_wsgi_app()
