"""/labs: the list of labs, and what every page of one is like."""

from typing import Any
from uuid import uuid4

import pytest

from tests.lessons.labs.visiting import LABS, LOCALES, StartShop, seen, sends
from tests.shops import STRATEGIES, Visitor


def test_pictures_are_kept_by_the_browser_and_are_for_everybody(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    for lab in LABS:
        answer = visitor.get(f"/labs/{lab}/picture.svg")
        assert answer.content_type == "image/svg+xml"
        assert b'id="picture"' in answer.body
        assert "max-age" in answer.headers["Cache-Control"]
        assert "Cookie" not in answer.headers.get("Vary", "")
    assert visitor.get("/labs/nothing/picture.svg").status_int == 404
    assert visitor.get("/labs/tamper/script.js").status_int == 404


@pytest.mark.parametrize("locale", LOCALES)
def test_every_lab_answers_and_none_begins_a_session_S4(shop: Any, locale: str) -> None:
    visitor = Visitor(shop)
    visitor.set_cookie("locale", locale)
    listing = visitor.get("/labs")
    for lab in LABS:
        assert f'href="/labs/{lab}"' in listing.text
        page = visitor.get(f"/labs/{lab}")
        assert page.status_int == 200
        assert LABS[lab].texts(locale)["title"] in page.text
        assert seen(page) is None
    assert visitor.cookie() is None


def test_unknown_labs_and_steps_are_refused(shop: Any) -> None:
    visitor = Visitor(shop)
    assert visitor.get("/labs/nothing").status_int == 404
    assert visitor.send("/labs/nothing", action="run").status_int == 404
    assert visitor.send("/labs/tamper", action="nothing").status_int == 400
    assert visitor.send("/labs/tamper").status_int == 400
    assert visitor.post("/labs/tamper", {"action": "mark"}).status_int == 400  # no token
    sends(visitor, "tamper", "flip")  # not offered yet: nothing happens
    assert visitor.cookie() is None


def test_without_demo_labs_there_are_none(start_shop: StartShop) -> None:
    secret = uuid4().hex + uuid4().hex
    settings = {"demo.labs": "false", "demo.hosts": "localhost", "session.secret": secret}
    visitor = Visitor(start_shop("memory", **settings))
    for path in ("/labs", "/labs/race/picture.svg", *(f"/labs/{lab}" for lab in LABS)):
        assert visitor.get(path).status_int == 404
    assert visitor.send("/labs/restart", action="mark").status_int == 404
    for path in ("/", "/strategies", "/session"):
        assert 'href="/labs' not in visitor.get(path).text


def test_all_labs_tell_how_far_one_has_come(shop: Any) -> None:
    visitor = Visitor(shop)

    def states() -> list[str]:
        page = visitor.get("/labs").html
        assert page.find("progress")["value"] == str(len(page.select("li[data-state=miss]")))
        return [li["data-state"] for li in page.select(".labs li")]

    rest = [""] * (len(LABS) - 2)
    assert states() == ["next", "", *rest]
    sends(visitor, "tamper", "mark")
    assert "begun" in states()
    sends(visitor, "tamper", "reset")
    sends(visitor, "first-write", "run", prediction="never")
    assert states() == ["begun", "next", *rest]
    visitor.get("/labs/first-write")
    assert states() == ["miss", "next", *rest]
    sends(visitor, "first-write", "reset")
    assert states() == ["miss", "next", *rest]
    side = visitor.get("/labs/restart").html.select(".lab-list li")
    assert [li["data-state"] for li in side] == ["miss", "next", *rest]
    visitor = Visitor(shop)
    visitor.set_cookie("lab-progress", "forged")
    assert states() == ["next", "", *rest]


def test_a_worksheet_asks_everything_and_tells_nothing(shop: Any) -> None:
    visitor = Visitor(shop)
    before = visitor.get("/labs/first-write").html.find(class_="on-paper").get_text()
    sends(visitor, "first-write", "run")
    page = visitor.get("/labs/first-write").html
    assert page.find(class_="on-paper").get_text() == before
    texts = LABS["first-write"].texts("en")
    for text in (texts["question"], *texts["outcome"].values(), *STRATEGIES):
        assert text in before
    assert texts["why"] not in before
