"""Compiled templates are kept, never out of date, and never somebody else's."""

import logging
from pathlib import Path
from typing import Any

import pytest

from demoapp.templating import Template
from demoapp.templating.compiled import Kept, kept_beside


@pytest.fixture(autouse=True)
def _our_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAMELEON_CACHE", raising=False)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "page.pt"
    page.write_text("<p>${word}</p>")
    return page


def rendered(page: Path, ini: Path) -> str:
    """As in a process that has just started."""
    options: dict[str, Any] = {"macro": None, **kept_beside(str(ini))}
    return str(Template(str(page), **options)(word="차"))


def kept(ini: Path) -> list[Path]:
    return sorted((ini.parent / "var" / "templates").glob("*.py"))


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The source of every template that is compiled from here on."""
    seen: list[str] = []
    compiled = Template._compile

    def compile_(self: Any, body: str, builtins: Any) -> str:
        seen.append(body)
        return str(compiled(self, body, builtins))

    monkeypatch.setattr(Template, "_compile", compile_)
    return seen


def test_a_template_is_compiled_once_and_again_when_it_changes(
    page: Path, tmp_path: Path, compilations: list[str]
) -> None:
    ini = tmp_path / "shop.ini"
    for _ in range(3):
        assert rendered(page, ini) == "<p>차</p>"
    page.write_text("<b>${word}</b>")
    assert rendered(page, ini) == "<b>차</b>"
    assert compilations == ["<p>${word}</p>", "<b>${word}</b>"]
    assert (ini.parent / "var" / "templates").stat().st_mode & 0o777 == 0o700
    assert len(kept(ini)) == 2


def test_a_folder_that_others_may_write_to_is_not_read(
    page: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ini = tmp_path / "shop.ini"
    rendered(page, ini)
    folder = tmp_path / "var" / "templates"
    folder.chmod(0o777)
    with caplog.at_level(logging.WARNING):
        assert kept_beside(str(ini)) == {}
    assert "others may write to" in caplog.text


def test_without_a_place_to_write_it_is_as_ever(page: Path, tmp_path: Path) -> None:
    (tmp_path / "var").write_text("no folder")
    ini = tmp_path / "shop.ini"
    assert kept_beside(str(ini)) == kept_beside(None) == {}
    assert rendered(page, ini) == "<p>차</p>"


def test_a_full_disk_is_no_error(page: Path, tmp_path: Path) -> None:
    loader = Kept(str(tmp_path / "gone"))
    assert Template(str(page), macro=None, loader=loader)(word="차") == "<p>차</p>"


def test_a_page_is_sent_without_its_indentation(page: Path) -> None:
    page.write_text("<ul>\n    <li>\n\t${word}  차</li>\n</ul>\n")
    assert str(Template(str(page), macro=None)(word="우전")) == "<ul>\n<li>\n우전  차</li>\n</ul>\n"
