"""A page of the course, from Markdown to HTML: what is known, and where its links lead."""

from pathlib import Path

import pytest

from demoapp.lessons.docs.markdown import address
from tests.lessons.docs.making import made


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("other.md", "/tea/docs/other"),
        ("other.md#here", "/tea/docs/other#here"),
        ("index.md", "/tea/docs"),
        ("/labs/race", "/tea/labs/race"),
        ("../img/shop.png", "/tea/docs/img/shop.png"),
        ("#here", "#here"),
        ("http://127.0.0.1:6550/", "http://127.0.0.1:6550/"),
    ],
)
def test_where_links_lead(target: str, leads_to: str) -> None:
    assert address(target, "/tea") == leads_to


@pytest.mark.parametrize("target", ["../../README.md", "other.txt", "a/b.md", "../img/../conf.py"])
def test_a_link_out_of_the_course_is_an_error(target: str) -> None:
    with pytest.raises(ValueError, match="leads nowhere"):
        address(target, "")


def test_html_in_a_page_is_text(tmp_path: Path) -> None:
    html = made(tmp_path, "<script>alert(1)</script>\n\n```python\n<b>\n```\n").html
    assert "<script" not in html
    assert "&lt;b&gt;" in html


def test_underscores_are_a_line_to_write_on(tmp_path: Path) -> None:
    html = made(tmp_path, "Name: ____________ <b> `________`\n").html
    assert 'Name: <span class="blank"></span> &lt;b&gt; ' in html
    assert "<code>________</code>" in html


def test_a_column_of_figures_needs_no_style(tmp_path: Path) -> None:
    html = made(tmp_path, "| | ms |\n|---|--:|\n| a | 1 |\n").html
    assert "style" not in html
    assert html.count('<td class="num">1</td>') == 1
    assert "<td></td>" in html  # the corner


@pytest.mark.parametrize("block", ["```{eval-rst}\n```", ":::{danger}\n:::"])
def test_what_is_not_known_is_an_error(tmp_path: Path, block: str) -> None:
    with pytest.raises(ValueError, match="is not known here"):
        made(tmp_path, block)
