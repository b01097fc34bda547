"""What each strategy keeps when the process stops."""

from demoapp.lessons.labs.elsewhere import LOADS, mark, seen_by_process

ACTIONS = {"mark": mark}
NEXT = {"": ("mark",), "mark": ()}
RAN = LOADS
observe = seen_by_process
