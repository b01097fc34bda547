"""What each strategy keeps when the process stops."""

from demoapp.lessons.labs.elsewhere import ACTIONS, NEXT, observe

__all__ = ["ACTIONS", "NEXT", "observe"]
