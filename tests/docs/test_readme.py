"""README.md and README.ko.md say the same, and what they name is there."""

import re
from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator
from webtest import TestApp

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, KOREAN = "README.md", "README.ko.md"
CONTRIBUTING = "CONTRIBUTING.md"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[str]:
    """The code blocks, fenced or indented."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return fenced + re.findall(r"(?:^    .*\n)+", rest, re.MULTILINE)


def prose(text: str) -> str:
    """The text without its code blocks."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^    .*$", "", text, flags=re.MULTILINE)


def shape(text: str) -> dict[str, Any]:
    """What two translations of one text have in common; order counts for the structure only."""
    words = prose(text)
    return {
        "headings": [len(h) for h in re.findall(r"^(#+) ", words, re.MULTILINE)],
        "code blocks": blocks(text),
        "links": sorted(
            link.replace(
                "docs/ko/", "docs/en/"
            )  # each to the page in its own language, if there is one
            for link in targets(words)
            if not link.startswith("README")
        ),
        "code in the text": sorted(set(re.findall(r"`([^`\n]+)`", words))),
        "table rows": [row.count("|") for row in re.findall(r"^\|.*$", words, re.MULTILINE)],
        "list items": re.findall(r"^(\d+\.|-) ", words, re.MULTILINE),
    }


def targets(text: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", text) + re.findall(r"<(https?:[^>]+)>", text)


def test_both_languages_have_the_same_content() -> None:
    english, korean = shape(read(ENGLISH)), shape(read(KOREAN))
    for part, expected in english.items():
        assert expected, part  # the test would show nothing
        assert korean[part] == expected, part


@pytest.mark.parametrize("name", [ENGLISH, KOREAN])
def test_files_that_are_named_are_there(name: str) -> None:
    text = read(name)
    named = [link for link in targets(text) if "://" not in link]
    named += re.findall(r"`((?:demoapp|tests|docs)/[\w./]+)`", text)
    named += re.findall(r"\btests/[\w/]+\.py", text)
    named += [f"demoapp/sessions/{file}" for file in ("redis/", "database/", "custom.py")]
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_files_for_contributors_are_there() -> None:
    text = read(CONTRIBUTING)
    named = re.findall(r"\b(?:demoapp|tests|docs)/[\w./]+", text)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert len(text.splitlines()) < 80  # one page


def test_make_targets_that_are_named_exist() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b", read(ENGLISH) + read(CONTRIBUTING)))
    defined = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"serve", "test", "messages"} <= named
    assert named <= defined


def test_the_example_application_runs() -> None:
    example = next(block for block in blocks(read(ENGLISH)) if "Configurator" in block)
    namespace: dict[str, Any] = {}
    exec(compile(example, ENGLISH, "exec"), namespace)  # noqa: S102 - our own README
    assert namespace["Configurator"] is Configurator
    settings = {"session.strategy": "memory", "session.secret": "x" * 16 + "0123456789abcdef"}
    visitor = TestApp(namespace["main"]({}, **settings))
    assert [visitor.get("/").text for _ in range(3)] == ["visit 1", "visit 2", "visit 3"]
