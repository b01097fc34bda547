"""What teaches; the shop works without it.

- inspector/    the visitor's own session, layer by layer
- strategies/   the four compared, each one explained, and their costs measured
- labs/         experiments on the visitor's own session, a folder each
- stage/        all four side by side
- content.py    texts in both languages
"""

from typing import Any


def includeme(config: Any) -> None:
    config.registry["lessons"] = True  # pages link to them
    for name, pattern in {
        "session": "/session",
        "session_json": "/session.json",
        "strategies": "/strategies",
        "strategy": "/strategies/{name}",
        "labs": "/labs",
        "lab": "/labs/{name}",
    }.items():
        config.add_route(name, pattern)
    config.include("demoapp.lessons.inspector")
    config.include("demoapp.lessons.labs")
    for room in ("inspector", "strategies", "labs"):
        config.scan(f"demoapp.lessons.{room}.views")
