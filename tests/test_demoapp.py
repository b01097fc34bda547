"""What every request passes, in which order."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyramid.interfaces import ITweens
from pyramid.tweens import EXCVIEW

from demoapp import TWEENS
from tests.shops import STRATEGIES

PACKAGE = Path(__file__).resolve().parents[1] / "demoapp"
LOGS = "demoapp.front.logs.tween_factory"
METRICS = "demoapp.front.metrics.tween_factory"
TRANSACTION = "pyramid_tm.tm_tween_factory"
TURN = "demoapp.sessions.saving.turn_tween_factory"
TOOLBAR = "pyramid_debugtoolbar.toolbar_tween_factory"


def tweens(app: Any) -> list[str]:
    """From the outermost to the innermost."""
    return [name for name, _factory in app.registry.getUtility(ITweens).implicit()]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_order_of_the_tweens(strategy: str, start_shop: Callable[..., Any]) -> None:
    turn = [] if strategy == "custom" else [TURN]  # there is no store to wait for
    found = tweens(start_shop(strategy))
    assert found == [LOGS, METRICS, TRANSACTION, EXCVIEW, *turn]
    assert found == [name for name in TWEENS if name in found]  # as a reader is told


def test_a_tween_of_the_ini_file_stays_where_it_belongs(start_shop: Callable[..., Any]) -> None:
    found = tweens(start_shop("memory", **{"pyramid.includes": "pyramid_debugtoolbar"}))
    assert found.index(TOOLBAR) < found.index(TRANSACTION)
    assert [name for name in found if name != TOOLBAR] == [
        LOGS,
        METRICS,
        TRANSACTION,
        EXCVIEW,
        TURN,
    ]


def test_no_module_of_the_front_says_where_its_tween_is() -> None:
    """The order is read in demoapp/__init__.py; the session layer, which stands alone, says it."""
    placing = [
        str(file.relative_to(PACKAGE))
        for file in sorted(PACKAGE.rglob("*.py"))
        if "add_tween(" in file.read_text()
    ]
    assert placing == ["__init__.py", "sessions/factory.py"]
