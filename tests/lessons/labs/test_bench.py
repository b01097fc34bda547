"""Predict, act, observe: what every lab does with a prediction, and with what it has seen."""

from typing import Any

from tests.lessons.labs.visiting import LABS, seen, sends
from tests.shops import Visitor, open_shop


def test_a_prediction_is_asked_for_before_and_the_result_comes_first(shop: Any) -> None:
    visitor = Visitor(shop)
    page = visitor.get("/labs/nested-change").html
    assert len(page.select(".predict input[type=radio]")) == 3
    assert [step["data-state"] for step in page.select(".steps li")] == ["now", "later"]
    assert page.find(id="observed") is None
    sends(visitor, "nested-change", "store", prediction="kept")
    page = visitor.get("/labs/nested-change").html
    assert page.select(".predict") == []
    assert [step["data-state"] for step in page.select(".steps li")] == ["done", "now"]
    assert [button["value"] for button in page.select(".steps button")] == ["change"]
    assert page.find(class_="act").has_attr("autofocus")
    sends(visitor, "nested-change", "change")
    page = visitor.get("/labs/nested-change").html
    result = page.find(class_="lab-parts").find()
    assert (result["id"], result["tabindex"]) == ("observed", "-1")
    assert len(page.select("[autofocus]")) == 1 and result.has_attr("autofocus")
    right = page.find(class_="verdict").tbody.td.get_text() == "Yes: x is 1."
    assert result["data-hit"] == ("yes" if right else "no")
    assert page.select("details[open] pre")[0].get_text().startswith("def change(bench")
    assert page.select(".act") == []
    rests_on = LABS["nested-change"].texts("en")["rests_on"]
    named = [item.get_text() for item in page.select(".proofs li")]
    assert named == [*rests_on["sources"], *rests_on["tests"]]


def test_the_prediction_is_asked_for_but_not_forced(shop: Any) -> None:
    visitor = Visitor(shop)
    sends(visitor, "first-write", "run")
    page = visitor.get("/labs/first-write").html
    assert page.find(id="observed").h2.get_text(strip=True) == "What happened"
    assert not page.find(id="observed").has_attr("data-hit")
    assert len(page.select(".verdict tr")) == 1


def test_a_foreign_session_factory_is_met_with_no_expectation(sqlite_url: str) -> None:
    factory = "pyramid_beaker.session_factory_from_settings"
    shop = open_shop("custom", sqlite_url, {"session.custom.factory": factory})
    visitor = Visitor(shop)
    for lab in LABS:
        page = visitor.get(f"/labs/{lab}")
        assert "not its own" in page.text
    sends(visitor, "nested-change", "store")
    sends(visitor, "nested-change", "change")
    page = visitor.get("/labs/nested-change")
    assert seen(page)
    assert "Not known" in page.text
    sends(visitor, "tamper", "mark")
    assert seen(visitor.get("/labs/tamper")) is None
