"""What a visitor can send does not fill the memory."""

import json

from demoapp.lessons.inspector.changes import LONGEST, MOST, changes


def test_long_values_and_paths_are_cut() -> None:
    """What a visitor can send must not fill the memory."""
    name, before, after = changes("{}", json.dumps({"key" * 99: "value" * 999}))[0]
    assert before is None
    assert len(name) <= LONGEST + 1
    assert len(str(after)) <= LONGEST + 1
    assert len(changes("{}", json.dumps({str(n): n for n in range(99)}))) == MOST
