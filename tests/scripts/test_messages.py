"""The catalogues: complete, up to date, and Korean that cannot break a page."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from demoapp import i18n

ROOT = Path(__file__).resolve().parents[2]
PO = Path(i18n.__file__).parent / "locale/ko/LC_MESSAGES/demoapp.po"

with PO.open("rb") as file:
    CATALOG = read_po(file, "ko")
NAMES = {"Redis"}
"""The same in every language."""
KOREAN = [message for message in CATALOG if message.id]
REGISTER = re.compile(
    r"십시오|니까[?.]|손님|당신|세션 아이디|(해요|예요|어요|네요)|(?<![세가까필])(요|죠)[.!?]?$"
)
"""What we do not say: facts are 합니다, steps -하세요, questions -ㄹ까요; the learner is 나."""
ELSEWHERE = [
    ROOT / "README.ko.md",
    *ROOT.glob("docs/**/settings*.md"),
    *ROOT.glob("demoapp/lessons/*/*.toml"),
]
"""Texts that are not in the catalogue."""


def problems(message: Message) -> list[str]:
    """What is wrong with a translation."""
    source, text = str(message.id), str(message.string)
    placeholders = re.compile(r"\$\{\w+\}")
    found = {
        "missing": not text.strip(),
        "fuzzy": message.fuzzy,
        "other placeholders": sorted(placeholders.findall(source))
        != sorted(placeholders.findall(text)),
        "other tags or a loose < or &": markup(source) != markup(text),
        "a straight quote": '"' in text or "'" in text,
        "blanks at an end": text != text.strip(),
        # 을 or 를 depends on the last sound of what will stand there
        "a particle after a placeholder": re.search(
            r"\}[’”)]?(을|를|은|는|이|가|과|와|으로|로)(?![가-힣])", text
        ),
        "not our register": REGISTER.search(text),
    }
    return [name for name, wrong in found.items() if wrong]


def markup(text: str) -> list[str] | None:
    """The tags in a text; None if it cannot stand in a page as it is."""
    try:
        return sorted(element.tag for element in ElementTree.fromstring(f"<p>{text}</p>").iter())  # noqa: S314
    except ElementTree.ParseError:
        return None


def test_the_catalogues_are_what_make_messages_writes() -> None:
    command = [sys.executable, "scripts/messages.py", "--check"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_text_is_in_korean() -> None:
    assert len(KOREAN) > 100
    wrong = {str(message.id): found for message in KOREAN if (found := problems(message))}
    assert not wrong


def in_two(told: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Each `{ en = ..., ko = ... }` of a TOML file, and where it is."""
    if isinstance(told, dict):
        if told.keys() & set(i18n.LOCALES):
            yield path, told
        for key, value in told.items():
            yield from in_two(value, f"{path}.{key}")
    elif isinstance(told, list):
        for index, value in enumerate(told):
            yield from in_two(value, f"{path}[{index}]")


def test_what_teaches_is_in_both_languages() -> None:
    files = [*(ROOT / "demoapp/lessons").rglob("*.toml")]
    found = [
        (path, texts)
        for file in files
        for path, texts in in_two(tomllib.loads(file.read_text(encoding="utf-8")), file.stem)
    ]
    assert len(found) > 500
    assert [path for path, texts in found if not set(i18n.LOCALES) <= texts.keys()] == []
    words = re.compile("[a-z]{2,} [a-z]{2,}")  # not a name, nor a command
    english = [(path, texts) for path, texts in found if words.search(texts["en"])]
    assert [path for path, texts in english if not re.search("[가-힣]", texts["ko"])] == []


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: str(path.relative_to(ROOT)))
def test_other_korean_texts_speak_the_same_way(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if REGISTER.search(line)] == []


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("Cart", "", "missing"),
        ("Only ${count} left", "${number}개 남음", "other placeholders"),
        ("Cart", "<b>장바구니", "other tags or a loose < or &"),
        ("Cart", "차 & 다과", "other tags or a loose < or &"),
        ("Added: ${name}", "${name}을 담았습니다.", "a particle after a placeholder"),
        ("Added: ${name}", "‘${name}’를 담았습니다.", "a particle after a placeholder"),
        ("Try again.", "다시 시도해 주십시오.", "not our register"),
        ("Where is your cart?", "장바구니는 어디에 있습니까?", "not our register"),
        ("It knows you.", "손님을 기억합니다.", "not our register"),
        ("It works.", "동작해요.", "not our register"),
    ],
)
def test_a_bad_translation_would_be_found(source: str, text: str, found: str) -> None:
    assert found in problems(Message(source, text))


def test_no_header_names_a_person_host_or_day() -> None:
    header = PO.read_text(encoding="utf-8").split("\n\n", 1)[0]
    assert "@" not in header
    assert "//" not in header
    assert set(re.findall(r"\d{4}-\d\d-\d\d", header)) == {"2026-01-01"}


def test_every_text_of_a_template_can_be_translated() -> None:
    """Words that stand in a template outside i18n:translate would stay English in Korean."""
    found = {}
    for path in sorted(Path(i18n.__file__).parent.rglob("*.pt")):
        if words := untranslatable(path.read_text(encoding="utf-8")):
            found[path.name] = words
    assert not found


def untranslatable(template: str) -> list[str]:
    bare = re.sub(r"<!DOCTYPE[^>]*>|<!--.*?-->", "", template, flags=re.DOTALL)
    bare = re.sub(r"\$\{(?:[^{}]|\{[^}]*\})*\}", "", bare)
    voids = r'<(img|input|link|meta|source)\b((?:[^>"]|"[^"]*")*?)/?>'
    bare = re.sub(voids, r"<\1\2/>", bare)  # HTML leaves them open, XML does not
    bare = re.sub(r"&(?!lt;|gt;|amp;)\w+;", "", bare)
    tree = ElementTree.fromstring(  # noqa: S314 - our own files
        '<x xmlns:tal="t" xmlns:metal="m" xmlns:i18n="i">' + bare + "</x>"
    )
    return list(loose(tree, translated=False))


def loose(element: ElementTree.Element, translated: bool) -> list[str]:
    """The words below `element` that no i18n attribute covers; code and languages excepted."""
    if element.tag == "code" or element.get("lang"):
        return []
    inside = translated or "{i}translate" in element.attrib
    named = re.split(r"[;\s]+", element.get("{i}attributes", ""))
    words = [] if inside else [element.text or ""]
    for name in ("aria-label", "title", "placeholder", "alt"):
        if name not in named:
            words.append(element.get(name, ""))
    for child in element:
        words += loose(child, inside)
        words += [] if inside else [child.tail or ""]
    found = (word.strip() for word in words)
    return [word for word in found if re.search(r"[^\W\d_]{2}", word) and word not in NAMES]
