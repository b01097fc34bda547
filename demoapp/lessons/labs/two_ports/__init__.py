"""A second process on another port: cookies ignore ports, memory does not cross them."""

from demoapp.lessons.labs.elsewhere import ACTIONS, NEXT, observe

__all__ = ["ACTIONS", "NEXT", "observe"]
