"""A form that was opened before the login is sent after it.

Its refusal comes before any view of ours: demoapp.lessons.labs.views turns it into this lab's page.
"""

from demoapp.lessons.labs.bench import Bench, Observation


def send(bench: Bench) -> None:
    """The form was accepted, or nobody would have come here."""
    bench.notes["status"] = 303


ACTIONS = {"send": send}
NEXT = {"": ("send",), "send": ("send",)}


def observe(bench: Bench) -> Observation:
    status = bench.notes["status"]
    return Observation("refused" if status == 400 else "accepted", {"status": status})
