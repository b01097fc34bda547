"""What teaches; the shop works without it.

- inspector/    the visitor's own session, layer by layer
- map/          where this visitor's cart is, drawn on every page
- strategies/   the four compared, each one explained, and their costs measured
- labs/         experiments on the visitor's own session, a folder each
- stage/        all four next to each other
- docs/         the course, which is in docs/ in both languages
- start_over.py the button that brings a browser back to its first minute
- content.py    texts in both languages
- jar.py        what a browser does, for what plays one
- quoting.py    the source of a function, to be shown

Who wants the shop alone deletes this folder and its include in demoapp/__init__.py: pages link to
what is there. Three things outside name it and go as well, once nobody needs them: the variant
side-by-side in development.ini, demoapp-compare in pyproject.toml, and docs/conf.py.
"""

from typing import Any

from demoapp.routes import LESSONS, add_routes


def includeme(config: Any) -> None:
    config.registry["lessons"] = True  # pages link to them
    add_routes(config, LESSONS)
    config.include("demoapp.lessons.inspector")
    config.include("demoapp.lessons.map")
    config.include("demoapp.lessons.labs")
    config.include("demoapp.lessons.stage")
    config.scan("demoapp.lessons.start_over")
    for room in ("inspector", "strategies", "labs", "docs"):
        config.scan(f"demoapp.lessons.{room}.views")
