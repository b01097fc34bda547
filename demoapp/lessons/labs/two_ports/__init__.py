"""A second process on another port: cookies ignore ports, memory does not cross them."""

from demoapp.lessons.labs.elsewhere import LOADS, mark, seen_by_process

ACTIONS = {"mark": mark}
NEXT = {"": ("mark",), "mark": ()}
RAN = LOADS
observe = seen_by_process
