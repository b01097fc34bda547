"""The lines that a lab shows as those that have run are those of the source."""

from pathlib import Path

import pytest

from demoapp.lessons.quoting import quoted
from tests.lessons.labs.visiting import LABS
from tests.shops import STRATEGIES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("lab", LABS)
def test_the_lines_that_ran_are_those_of_the_source(lab: str) -> None:
    ran = LABS[lab].module.RAN
    assert ran.keys() == set(STRATEGIES)
    for function in {function for functions in ran.values() for function in functions}:
        quote = quoted(function)
        lines = (ROOT / quote.path).read_text(encoding="utf-8").splitlines()[quote.line - 1 :]
        shown = quote.text.splitlines()
        assert [line.strip() for line in shown] == [x.strip() for x in lines[: len(shown)]]
        assert len(shown) <= 22, f"not a few lines: {quote.path}:{quote.line}"
