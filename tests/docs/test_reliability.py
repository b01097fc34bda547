"""docs/en/reliability.md and its twin name every requirement, and every one of them has a test."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IDS = [
    f"{letter}{number}"
    for letter, last in {"S": 20, "A": 5, "H": 5, "I": 2, "F": 17, "P": 6}.items()
    for number in range(1, last + 1)
]


@pytest.mark.parametrize("row", IDS)
def test_every_row_has_a_test_that_names_it(row: str) -> None:
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    names = [name for source in sources for name in re.findall(r"def (test_\w+)", source)]
    assert any(re.search(rf"_{row}(?:_|$)", name) for name in names)


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_the_page_has_every_row_once(locale: str) -> None:
    page = (ROOT / "docs" / locale / "reliability.md").read_text()
    assert re.findall(r"^\| ([A-Z]\d+) \|", page, re.MULTILINE) == IDS
