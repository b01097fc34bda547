"""Labs that wait leave threads for other visitors."""

from contextlib import ExitStack

import pytest

from demoapp.lessons.labs.crowd import AT_ONCE, place
from tests.lessons.labs.visiting import StartShop, sends
from tests.shops import Visitor


def test_labs_leave_threads_for_other_visitors(start_shop: StartShop) -> None:
    """A step that waits holds a thread: seven at once are refused one, in words."""
    visitor = Visitor(start_shop("memory"))
    visitor.set_cookie("locale", "ko")
    sends(visitor, "race", "begin")
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            stack.enter_context(place())
        refused = visitor.send("/labs/race", action="add", quick="yes")
        assert refused.status_int == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert "실습 자리가 모두 찼습니다" in refused.text
        sends(Visitor(visitor.app), "overflow", "run")  # which does not wait, whoever else does
        assert visitor.get("/labs/race").status_int == 200
        assert visitor.send("/labs/race", action="reset").status_int == 303
    sends(visitor, "race", "begin")
    sends(visitor, "race", "add", quick="yes")
    with pytest.raises(ZeroDivisionError), place():
        raise ZeroDivisionError
    with ExitStack() as stack:  # all are free again
        for _ in range(AT_ONCE):
            stack.enter_context(place())
