"""Tests of every strategy with every case."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest

SERVER_SIDE = ("memory", "redis", "database")
ALL = (*SERVER_SIDE, "custom")


def on(strategies: Iterable[str], names: Iterable[str]) -> Any:
    """Parametrize `strategy` and `name`."""
    rows = [pytest.param(*row, id="-".join(row)) for row in product(strategies, names)]
    return pytest.mark.parametrize(("strategy", "name"), rows)
