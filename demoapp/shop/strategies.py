"""The four strategies in words: the names and sentences of every page that speaks of them."""

from typing import Any, NamedTuple

from demoapp.i18n import _
from demoapp.sessions.factory import is_ours


class Strategy(NamedTuple):
    name: str
    """As in the ini file."""
    motto: str
    """What it is like, for who is here to buy tea."""
    where: str
    """Where the cart is, and what follows from that."""
    survives: bool
    """Whether it is there when the shop has been stopped and started again."""
    morning: str
    """What became of it, when the shop was closed for the night."""


FOUR = (
    Strategy(
        "memory",
        _("A note on the counter: quick, and gone at closing time."),
        _("In the memory of one process: the fastest place, and the first to be lost."),
        False,
        _("Gone. The process ended, and its memory with it."),
    ),
    Strategy(
        "redis",
        _("A shared shelf: within reach of every clerk."),
        _("In Redis: shared by every process, read in one round trip, gone by itself in the end."),
        True,
        _("Still there. Redis was open all night."),
    ),
    Strategy(
        "database",
        _("The shop’s own ledger: next to your orders."),
        _("In the shop’s own database: the cart and the order are saved together, or not at all."),
        True,
        _("Still there. It was written down, in a table."),
    ),
    Strategy(
        "custom",
        _("A sealed slip that you carry yourself."),
        _("In your own browser, in a signed cookie: the shop keeps nothing."),
        True,
        _("Still there. You had it with you all night."),
    ),
)
BY_NAME = {strategy.name: strategy for strategy in FOUR}
NAMES = tuple(BY_NAME)
ELSEWHERE: str = _("Wherever the session factory named in the settings keeps it.")
"""Of sessions that are not known here."""


def is_known(registry: Any) -> bool:
    """Whether there are words for where the sessions of this shop are: ours, in one of four ways.

    Of a strategy that somebody adds the pages say no more than of another's session factory.
    """
    return is_ours(registry) and registry["session.settings"].strategy in BY_NAME
