"""Fifteen questions (docs/en/questions.md): each has a place to read on, and a test that is there.

That each link leads somewhere is seen in tests/lessons/docs, for every page of the course.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))


def answers(language: str) -> list[str]:
    page = (ROOT / "docs" / language / "questions.md").read_text(encoding="utf-8")
    _, *found = re.split(r"^## (?=\d+\. )", page, flags=re.MULTILINE)
    return found


@pytest.mark.parametrize("language", ["en", "ko"])
def test_each_question_has_an_answer_to_read_and_a_test(language: str) -> None:
    found = answers(language)
    assert [int(text.partition(".")[0]) for text in found] == list(range(1, 16))
    for text in found:
        assert re.search(r"\]\((/labs/)?[\w-]+(\.md)?\)", text), text
        shown = re.findall(r"`(test_\w+)`", text)
        assert shown, text
        assert [name for name in shown if f"def {name}(" not in TESTS] == []


def test_both_languages_name_the_same_tests() -> None:
    english, korean = (
        [re.findall(r"`(test_\w+)`", text) for text in answers(language)]
        for language in ("en", "ko")
    )
    assert english == korean
