"""Another participant of the request's transaction, for tests of what happens beside it."""

from collections.abc import Callable
from typing import Any

from transaction.interfaces import IDataManager
from zope.interface import implementer


class Sabotage(Exception):
    """What a participant raises."""


@implementer(IDataManager)
class Saboteur:
    """Runs `act` in one step of the commit, after the session and before the database.

    Like zope.sqlalchemy it may be sorted anywhere; `key` says where.
    """

    def __init__(self, request: Any, step: str, act: Callable[[], Any], key: str = "z") -> None:
        self.transaction_manager = request.tm
        self._key = key
        self._step = step
        self._act = act
        request.tm.get().join(self)

    def sortKey(self) -> str:
        return self._key

    def _run(self, step: str) -> None:
        if step == self._step:
            self._act()

    def tpc_begin(self, transaction: Any) -> None:
        self._run("tpc_begin")

    def commit(self, transaction: Any) -> None:
        self._run("commit")

    def tpc_vote(self, transaction: Any) -> None:
        self._run("tpc_vote")

    def tpc_finish(self, transaction: Any) -> None:
        self._run("tpc_finish")

    def tpc_abort(self, transaction: Any) -> None:
        """Nothing was done."""

    abort = tpc_abort


def fail() -> None:
    raise Sabotage
