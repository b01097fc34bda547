"""What the page /session says, as a test reads it."""

from collections.abc import Callable
from typing import Any

from tests.shops import Visitor

StartShop = Callable[..., Any]


def layer(page: Any, name: str) -> Any:
    return page.html.find(id=f"layer-{name}")


def row(page: Any, name: str, label: str) -> str:
    found = layer(page, name).find("dt", string=label)
    return str(found.find_next_sibling("dd").get_text().strip())


def steps(visitor: Visitor) -> list[Any]:
    """Latest first."""
    return list(visitor.get("/session").html.select(".steps-of ol > li"))


def requests(visitor: Visitor) -> list[str]:
    return [step.h3.get_text() for step in steps(visitor)]
