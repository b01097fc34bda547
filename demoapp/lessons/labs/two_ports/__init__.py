"""A second process on another port: cookies ignore ports, memory does not cross them."""

from demoapp.lessons.labs.elsewhere import mark, seen_by_process

ACTIONS = {"mark": mark}
NEXT = {"": ("mark",), "mark": ()}
observe = seen_by_process
