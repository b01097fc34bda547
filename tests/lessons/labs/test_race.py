"""The lab `race` on every strategy."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.lessons.labs.visiting import is_as_expected, sends
from tests.shops import Visitor


def test_race(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "race", "begin")
    tabs = [Visitor(shop) for _ in range(6)]
    for tab in tabs:
        for cookie in visitor.cookiejar:
            tab.cookiejar.set_cookie(cookie)
    token = visitor.token()
    form = {"csrf_token": token, "action": "add", "quick": "yes"}
    with ThreadPoolExecutor(len(tabs)) as pool:
        answers = list(pool.map(lambda tab: tab.post("/labs/race", form), tabs))
    assert {answer.status_int for answer in answers} == {303}
    visitor = tabs[-1]  # the last answer is what a browser keeps
    sends(visitor, "race", "count", sent=str(len(tabs)))
    is_as_expected(visitor, "race", strategy)
