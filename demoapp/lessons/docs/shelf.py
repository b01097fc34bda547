"""Which pages there are: one for each file, in the order that its first lines say.

    ---
    title: A session in 20 lines
    order: 101
    ---

Who adds a file adds a page; there is no list to keep.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import demoapp

DOCS = (Path(demoapp.__file__).parent / "docs").resolve()
"""A link to docs/ in a checkout, and a folder in an installed package."""
FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


INDEX = "index"
"""Stands before the list of the others."""


class Entry(NamedTuple):
    order: int
    name: str
    title: str
    file: Path


def shelf(locale: str) -> dict[str, Entry]:
    """Every page of a language by its name, in order; the index first.

    A page is looked up here, so no name from an address ever becomes a path.
    """
    files = (DOCS / locale).glob("*.md")
    entries = sorted(_entry(file, file.stat().st_mtime_ns) for file in files)
    return {entry.name: entry for entry in entries}


@lru_cache(maxsize=256)
def _entry(file: Path, changed: int) -> Entry:
    found = FRONT_MATTER.match(file.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{file} does not begin with its title and order")
    said = dict(line.split(": ", 1) for line in found[1].splitlines())
    return Entry(int(said["order"]), file.stem, said["title"].strip("\"'"), file)
