"""Each room of the house knows only what is below it: so a reader may begin at the bottom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "demoapp"
ROOMS = ("sessions", "front", "shop", "scripts", "lessons")
"""From the bottom to the top. The modules beside them are the ground that all stand on."""


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_imports_upwards(room: str) -> None:
    above = ROOMS[ROOMS.index(room) + 1 :]
    found = [
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in sorted((PACKAGE / room).rglob("*.py"))
        for name in imported(file)
        if name.startswith(tuple(f"demoapp.{other}." for other in above))
    ]
    assert found == []


def test_the_ground_stands_on_the_sessions_alone() -> None:
    """Its errors and its settings are those of the layer, which can be taken without the rest."""
    above = tuple(f"demoapp.{room}." for room in ROOMS if room != "sessions")
    for file in sorted(PACKAGE.glob("*.py")):
        assert not [name for name in imported(file) if name.startswith(above)], file
