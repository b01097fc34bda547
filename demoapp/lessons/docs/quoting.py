"""`{literalinclude}`: a file of docs/, or a part of it, as Sphinx would quote it."""

import re
from pathlib import Path

from demoapp.lessons.docs.shelf import DOCS

OPTION = re.compile(r"^:([a-z-]+): *(.*)$", re.MULTILINE)
KNOWN = {"language", "start-after", "end-before"}


def quoted(file: Path, told: str) -> tuple[str, str]:
    """The lines that the options ask for, and the language. Nothing outside docs/ is read."""
    if not file.is_relative_to(DOCS):
        raise ValueError(f"{file} is not in docs/")
    options = {key: value.strip("\"'") for key, value in OPTION.findall(told)}
    if unknown := options.keys() - KNOWN:
        raise ValueError(f"literalinclude does not know {unknown}")
    lines = file.read_text(encoding="utf-8").splitlines()
    if "start-after" in options:
        lines = lines[_first(lines, options["start-after"]) + 1 :]
    if "end-before" in options:
        lines = lines[: _first(lines, options["end-before"])]
    return "\n".join(lines).strip("\n"), options.get("language", "")


def _first(lines: list[str], text: str) -> int:
    for n, line in enumerate(lines):
        if text in line:
            return n
    raise ValueError(f"no line has {text!r}")
