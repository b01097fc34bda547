"""A mark made in one process, looked for from another."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lessons.labs.visiting import StartShop, is_as_expected, seen, sends
from tests.shops import Visitor


@pytest.mark.parametrize("lab", ["restart", "two-ports"])
def test_restart_and_two_ports(start_shop: StartShop, strategy: str, lab: str) -> None:
    first, second = _two_processes(start_shop, strategy)
    visitor = Visitor(first)
    sends(visitor, lab, "mark")
    assert seen(visitor.get(f"/labs/{lab}")) is None
    visitor.app = second
    is_as_expected(visitor, lab, strategy)
    visitor.app = first  # had it lived on, the mark would still be there
    assert seen(visitor.get(f"/labs/{lab}")) is None
    assert visitor.state()["handle"]


def _two_processes(start_shop: StartShop, strategy: str) -> Iterator[Any]:
    url = start_shop("memory").registry["dbsession_factory"].kw["bind"].url
    database = url.render_as_string(hide_password=False)
    return (start_shop(strategy, **{"sqlalchemy.url": database}) for _ in range(2))
