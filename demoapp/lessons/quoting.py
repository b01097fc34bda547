"""The lines of code that have run, read from where they are: so they cannot drift."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Quote:
    """A function as it stands in its file."""

    path: str
    line: int
    """The number of its first line."""
    text: str


def quoted(function: Any) -> Quote:
    lines, first = inspect.getsourcelines(function)
    path = Path(inspect.getfile(inspect.unwrap(function))).relative_to(ROOT)
    return Quote(path.as_posix(), first, dedent("".join(lines)).rstrip())
