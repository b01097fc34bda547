"""The course says the same in both languages: pages, headings, code, quotations, links."""

import re
from typing import Any

import pytest

from demoapp.lessons.docs.shelf import DOCS, FRONT_MATTER, shelf

FENCE = re.compile(r"^(`{3,})(.*?)\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)")


def read(locale: str, name: str) -> str:
    return (DOCS / locale / f"{name}.md").read_text(encoding="utf-8")


def shape(text: str) -> dict[str, Any]:
    """What two translations have in common."""
    words = FENCE.sub("", FRONT_MATTER.sub("", text))
    return {
        "headings": [len(marks) for marks in re.findall(r"^(#+) ", words, re.MULTILINE)],
        "code and quotations": [match.groups() for match in FENCE.finditer(text)],
        "code that is indented": re.findall(r"(?:^    \S.*\n)+", words, re.MULTILINE),
        "links": sorted(LINK.findall(words)),
        "boxes": re.findall(r"^:::(.*)$", words, re.MULTILINE),
        "tables": [row.count("|") for row in re.findall(r"^\|.*$", words, re.MULTILINE)],
        "lists": re.findall(r"^(\d+\.|-) ", words, re.MULTILINE),
    }


def test_both_have_the_same_pages_in_the_same_order() -> None:
    english, korean = (
        [(e.order, e.name) for e in shelf(locale).values()] for locale in ("en", "ko")
    )
    assert english == korean == sorted(english)
    assert len(english) > 4


@pytest.mark.parametrize("name", shelf("en"))
def test_a_page_has_the_same_shape(name: str) -> None:
    english, korean = shape(read("en", name)), shape(read("ko", name))
    for part, expected in english.items():
        assert korean[part] == expected, part


def test_no_two_pages_have_one_place() -> None:
    orders = [entry.order for entry in shelf("en").values()]
    assert len(orders) == len(set(orders))


@pytest.mark.parametrize("name", shelf("ko"))
def test_korean_is_as_elsewhere_in_the_project(name: str) -> None:
    """The learner is 내; steps end in -하세요; an ID is no user name."""
    text = FENCE.sub("", read("ko", name))
    assert re.findall(r"손님|당신|십시오|세션 아이디", text) == []
