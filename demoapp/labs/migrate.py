"""Another line in the ini file, with people logged in: what happens to their sessions."""

from demoapp.labs.elsewhere import ACTIONS, NEXT
from demoapp.labs.elsewhere import observe_strategy as observe

__all__ = ["ACTIONS", "NEXT", "observe"]
