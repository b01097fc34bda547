"""Pyramid Tea House: a shop that shows where a Pyramid session lives."""

from itertools import pairwise
from typing import Any

from pyramid.config import Configurator
from pyramid.tweens import EXCVIEW

from demoapp import moved as moved  # tells old ini files the new names
from demoapp.settings import DEFAULTS, resolve, told_in_a_line

TWEENS = (
    "demoapp.front.logs.tween_factory",  # a number for the request, a line about its answer
    "demoapp.front.metrics.tween_factory",  # how many, and how long each took
    "pyramid_tm.tm_tween_factory",  # the transaction: what follows is kept, or all of it is not
    EXCVIEW,  # an error becomes a page
    "demoapp.sessions.saving.turn_tween_factory",  # a replay takes its turn
)
"""What a request passes on its way to a view, the outermost first. Around all of it is
pyramid_retry: who lost a race passes everything once more. Inside are what `make_app` lists.
"""


def main(global_config: Any, **settings: Any) -> Any:
    """What `pserve` calls. A wrong setting ends the process, with one line on stderr."""
    with told_in_a_line():
        return make_app(global_config, settings)


def make_app(global_config: Any, settings: dict[str, Any]) -> Any:
    """The WSGI application, in the order in which a request passes its parts."""
    with Configurator(settings={**DEFAULTS, **resolve(settings)}) as config:
        config.registry["ini_file"] = global_config.get("__file__")
        # the front: what every request passes, first and last
        config.include("demoapp.settings")
        config.include(add_tweens)
        config.include("demoapp.front.wellformed")  # before anybody reads what was sent
        config.include("demoapp.front.hosts")
        config.include("demoapp.front.csrf")
        config.include("demoapp.routes")
        config.include("demoapp.front.compressed")
        config.include("demoapp.front.headers")
        config.include("demoapp.front.timing")
        config.include("demoapp.front.metrics")
        config.scan("demoapp.front.health")
        # the sessions: what this project is about
        config.include("demoapp.sessions")
        # the tea house: tables, people, goods, pages
        config.include("demoapp.db")
        config.include("demoapp.db.ready")  # looks at the engine of the line above
        config.include("demoapp.shop.security")
        config.include("demoapp.shop.throttle")
        config.include("demoapp.shop.orders")
        config.scan("demoapp.shop.views")
        config.include("demoapp.i18n")
        config.include("demoapp.templating")
        config.include("demoapp.shop.globals")
        config.include("demoapp.assets")
        # what teaches; without it the shop goes on
        config.include("demoapp.lessons")
    return config.make_wsgi_app()


def add_tweens(config: Any) -> None:
    """Add the front's own tweens; pyramid_tm and demoapp.sessions add theirs."""
    for tween, inner in pairwise(TWEENS):
        if tween.startswith("demoapp.front."):
            config.add_tween(tween, over=inner)
