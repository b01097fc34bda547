"""A lab is a folder: what is in it, in both languages, and what it rests on."""

import re
from pathlib import Path
from typing import Any

import pytest

from demoapp.lessons import labs
from tests.lessons.labs.visiting import (
    LABS,
    LOCALES,
    StartShop,
    seen,
    sends,
)
from tests.shops import STRATEGIES, Visitor

ROOT = Path(__file__).resolve().parents[3]
TEXTS = """
order = 0
title = { en = "Added", ko = "더한 것" }
summary = { en = "Added here", ko = "여기에 더한 것" }
question = { en = "Is it there?", ko = "있습니까?" }
why = { en = "Its folder is.", ko = "폴더가 있기 때문입니다." }
expected = { memory = "yes", redis = "yes", database = "yes", custom = "yes" }
steps = [{ en = "Look.", ko = "보십시오." }]
outcome.yes = { en = "It is there.", ko = "있습니다." }
action.look = { en = "Look", ko = "보기" }
label = {}
"""
CODE = """
from demoapp.lessons.labs.bench import Observation

ACTIONS, NEXT = {"look": lambda bench: None}, {"": ("look",), "look": ()}

def observe(bench):
    return Observation("yes")
"""


@pytest.fixture
def added(tmp_path: Path) -> Path:
    """The folder of a lab."""
    folder = tmp_path / "added_here"
    folder.mkdir()
    (folder / "lab.toml").write_text(TEXTS, encoding="utf-8")
    (folder / "picture.svg").write_text("<svg/>")
    (folder / "script.js").write_text("look()")
    (folder / "__init__.py").write_text(CODE)
    return folder


def test_who_adds_a_folder_adds_a_lab(
    start_shop: StartShop, added: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labs, "__path__", [*labs.__path__, str(added.parent)])
    visitor = Visitor(start_shop("memory"))
    listed = [link["href"] for link in visitor.get("/labs").html.select(".labs a")]
    assert listed == ["/labs/added-here", *(f"/labs/{name}" for name in LABS)]
    sends(visitor, "added-here", "look")
    page = visitor.get("/labs/added-here")
    picture, _, of_the_page = page.html.select_one(".page-head use")["href"].partition("#")
    assert (visitor.get(picture).text, of_the_page) == ("<svg/>", "picture")
    before = page.html.select("script")[-1]["src"]
    assert visitor.get(before).text == "look()"
    (added / "script.js").write_text("look(again)")  # and is not what the browser has kept
    assert visitor.get("/labs/added-here").html.select("script")[-1]["src"] != before
    for file in ("lab.toml", "__init__.py", "page.pt", "%2E%2E"):
        assert visitor.get(f"/labs/added-here/{file}").status_int == 404
    assert seen(page) == "It is there."
    assert "This is how the strategy works." in page.text


def test_who_deletes_a_folder_deletes_a_lab(
    start_shop: StartShop, added: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but one here; the first page led to that of the restart all the same."""
    monkeypatch.setattr(labs, "__path__", [str(added.parent)])
    visitor = Visitor(start_shop("memory"))
    for page in ("/", "/labs", "/labs/added-here", "/stage", "/session", "/strategies"):
        links = {link["href"] for link in visitor.get(page).html.select("[href*='/labs']")}
        for link in links:
            assert visitor.get(link.partition("#")[0]).status_int == 200, (page, link)


@pytest.mark.parametrize("lab", LABS)
def test_what_a_lab_rests_on_is_there(lab: str) -> None:
    rests_on = LABS[lab].texts("en")["rests_on"]
    assert rests_on.keys() == {"sources", "tests"}
    assert all((ROOT / source).is_file() for source in rests_on["sources"]), rests_on
    run_by = []
    for named in rests_on["tests"]:
        file, _, name = named.partition("::")
        _, found, test = (ROOT / file).read_text(encoding="utf-8").partition(f"def {name}(")
        assert found, named
        run_by += [name] if f'"{lab}"' in test.partition("\ndef ")[0] else []
    assert rests_on["sources"] and run_by, "no test of them runs the lab"


@pytest.mark.parametrize("lab", LABS)
def test_nothing_that_the_labs_share_is_about_one_of_them(lab: str) -> None:
    common = [*Path(*labs.__path__).glob("*.py"), *(ROOT / "demoapp/templates").glob("lab*.pt")]
    module = LABS[lab].folder.name
    for file in common:
        text = file.read_text(encoding="utf-8")
        for name in (f'"{lab}"', f"'{lab}'", f"={lab}", f"labs.{module} ", f"labs/{lab}"):
            assert name not in text, file


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_its_texts_in_both_languages(lab: str) -> None:
    told_to_nobody = {"order", "our_cookie", "expected", "rests_on", "needs"}
    english, korean = (
        {key: text for key, text in LABS[lab].texts(locale).items() if key not in told_to_nobody}
        for locale in LOCALES
    )

    def compare(one: Any, other: Any, path: str) -> None:
        assert type(one) is type(other), path
        if isinstance(one, dict):
            assert one.keys() == other.keys(), path
            for key in one:
                compare(one[key], other[key], f"{path}.{key}")
        elif isinstance(one, list):
            for index, pair in enumerate(zip(one, other, strict=True)):
                compare(*pair, f"{path}[{index}]")
        elif not path.endswith(".command") and len(one) > 12:
            assert one.strip() and other.strip(), path
            assert one != other, path
            if ".link" not in path:
                assert any("가" <= c <= "힣" for c in other), path

    compare(english, korean, lab)
    for name in ("title", "summary", "question", "why", "more", "steps", "outcome", "action"):
        assert english[name], name
    assert english["takes"]


@pytest.mark.parametrize("lab", LABS)
def test_a_title_asks_and_the_reason_is_one_sentence(lab: str) -> None:
    for locale, question in (("en", "?"), ("ko", "까요?")):
        texts = LABS[lab].texts(locale)
        assert texts["title"].endswith("?")
        assert texts["question"].endswith(question)
        assert texts["why"].count(".") - texts["why"].count(".migrate") <= 2, texts["why"]
        assert len(texts["why"].split()) <= 35
    # 내, not 손님 or 당신; -하세요, not -십시오
    korean = (LABS[lab].folder / "lab.toml").read_text(encoding="utf-8")
    assert not re.search("손님|당신|십시오|니까[?]|아이디|세션 id", korean)


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_expects_something_of_every_strategy(lab: str) -> None:
    texts = LABS[lab].texts("en")
    assert texts["expected"].keys() == set(STRATEGIES)
    for outcomes in texts["expected"].values():
        assert set([outcomes] if isinstance(outcomes, str) else outcomes) <= set(texts["outcome"])
