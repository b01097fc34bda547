"""Pyramid Tea House: a shop that shows where a Pyramid session lives."""

from typing import Any

from pyramid.config import Configurator

from demoapp import moved as moved
from demoapp.settings import DEFAULTS, resolve, told_in_a_line


def main(global_config: Any, **settings: Any) -> Any:
    """What `pserve` calls. A wrong setting ends the process, with one line on stderr."""
    with told_in_a_line():
        return make_app(global_config, settings)


def make_app(global_config: Any, settings: dict[str, Any]) -> Any:
    """The WSGI application. Every part is one line below."""
    with Configurator(settings={**DEFAULTS, **resolve(settings)}) as config:
        config.registry["ini_file"] = global_config.get("__file__")
        # the ground
        config.include("demoapp.settings")
        config.include("demoapp.templating")
        config.include("demoapp.db")
        config.include("demoapp.i18n")
        config.include("demoapp.assets")
        config.include("demoapp.routes")
        # what every request passes
        config.include("demoapp.front.hosts")
        config.include("demoapp.front.wellformed")
        config.include("demoapp.front.csrf")
        config.include("demoapp.front.metrics")
        config.include("demoapp.front.logs")
        config.include("demoapp.front.compressed")
        config.include("demoapp.front.headers")
        config.scan("demoapp.front.health")
        # the sessions: what this project is about
        config.include("demoapp.sessions")
        config.include("demoapp.front.timing")
        # the tea house
        config.include("demoapp.shop.security")
        config.include("demoapp.shop.throttle")
        config.include("demoapp.shop.orders")
        config.include("demoapp.shop.page")
        config.scan("demoapp.shop.views")
        # what teaches; without it the shop goes on
        config.include("demoapp.lessons")
    return config.make_wsgi_app()
