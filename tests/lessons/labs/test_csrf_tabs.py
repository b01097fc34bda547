"""The lab `csrf-tabs` on every strategy."""

from typing import Any

from tests.lessons.labs.visiting import LABS, observed, sends
from tests.shops import Visitor


def test_csrf_tabs(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "csrf-tabs", "send")
    assert observed(visitor.get("/labs/csrf-tabs"), "csrf-tabs") == "accepted"
    stale = visitor.token()
    visitor.log_in()
    form = {"csrf_token": stale, "action": "send", "prediction": "refused"}
    answer = visitor.post("/labs/csrf-tabs", form)
    assert answer.status_int == 400
    assert observed(answer, "csrf-tabs") == LABS["csrf-tabs"].texts("en")["expected"][strategy]
    assert "This is how the strategy works." in answer.text
    assert "was right" in answer.text
