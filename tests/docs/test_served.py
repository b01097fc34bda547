"""/docs: the course as the shop serves it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demoapp.lessons.docs import markdown, quoting
from demoapp.lessons.docs.markdown import address, page
from demoapp.lessons.docs.shelf import DOCS, INDEX, shelf
from tests.shops import Visitor

LOCALES = ("en", "ko")


@pytest.fixture
def visitor(start_shop: Callable[..., Any]) -> Visitor:
    return Visitor(start_shop("memory"))


def made(tmp_path: Path, text: str, name: str = "page.md") -> markdown.Page:
    file = tmp_path / name
    file.write_text(f"---\ntitle: A page\norder: 1\n---\n# A page\n\n{text}")
    return page(file, "/tea")


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docs/ of one's own."""
    monkeypatch.setattr(quoting, "DOCS", tmp_path)
    monkeypatch.setattr(markdown, "DOCS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("locale", LOCALES)
def test_every_page_in_the_visitors_language(visitor: Visitor, locale: str) -> None:
    visitor.set_cookie("locale", locale)
    pages = [entry for name, entry in shelf(locale).items() if name != INDEX]
    listed = visitor.get("/docs").html.main.select(".doc-part a")
    assert [link["href"] for link in listed] == [f"/docs/{entry.name}" for entry in pages]
    for entry in pages:
        answer = visitor.get(f"/docs/{entry.name}")
        assert answer.status_int == 200
        assert answer.html.html["lang"] == locale
        assert [h1.get_text() for h1 in answer.html.find_all("h1")] == [page(entry.file, "").title]
        assert "style=" not in str(answer.html.main)
    assert "session" not in visitor.cookies  # who only reads begins none


def test_one_can_turn_the_pages(visitor: Visitor) -> None:
    names = [name for name in shelf("en") if name != INDEX]
    walked: list[str] = []
    here: str | None = f"/docs/{names[0]}"
    while here:
        walked.append(here)
        html = visitor.get(here).html
        back, on = html.select_one("[rel=prev]"), html.select_one("[rel=next]")
        assert (back["href"] if back else None) == (walked[-2] if len(walked) > 1 else None)
        here = on["href"] if on else None
    assert walked == [f"/docs/{name}" for name in names]


def test_the_contents_lead_to_headings(visitor: Visitor) -> None:
    for locale in LOCALES:
        visitor.set_cookie("locale", locale)
        html = visitor.get("/docs/elsewhere").html
        ids = [link["href"][1:] for link in html.select(".doc-contents a")]
        assert ids == [heading["id"] for heading in html.select(".doc-text h2")]
        assert len(ids) == len(set(ids)) > 10


def test_every_link_leads_somewhere(visitor: Visitor) -> None:
    """Those of the course; the labs and pages of the shop are asked for, too."""
    links: set[str] = set()
    for locale in LOCALES:
        visitor.set_cookie("locale", locale)
        for name in shelf(locale):
            html = visitor.get("/docs" if name == INDEX else f"/docs/{name}").html
            links |= {a["href"] for a in html.select("main a, main img") if a.get("href")}
    inside = {link.partition("#")[0] for link in links if link.startswith("/")}
    assert len(inside) > 10
    assert [link for link in inside if visitor.get(link).status_int != 200] == []


@pytest.mark.parametrize(
    "name",
    ["nothing", "index", "..", "..%2fconf", "%2e%2e%2fen%2fsettings", "settings.md", "en"],
)
def test_what_is_no_page_is_not_found(visitor: Visitor, name: str) -> None:
    assert visitor.get(f"/docs/{name}").status_int == 404
    assert visitor.get(f"/docs/img/{name}").status_int == 404


def test_a_picture(visitor: Visitor) -> None:
    assert visitor.get("/docs/img/shop.png").content_type == "image/png"


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


@pytest.mark.parametrize(
    ("language", "code", "html"),
    [
        (
            "python",
            "def tea():",
            '<span class="keyword">def</span> <span class="name">tea</span>():',
        ),
        (
            "python",
            '"<b>"  # &',
            '<span class="string">"&lt;b&gt;"</span>  <span class="comment"># &amp;</span>',
        ),
        (
            "diff",
            " one\n-two\n+2",
            ' one\n<span class="minus">-two</span>\n<span class="plus">+2</span>',
        ),
        ("text", "def <b>", "def &lt;b&gt;"),
    ],
)
def test_code_has_colours_by_class(tmp_path: Path, language: str, code: str, html: str) -> None:
    assert f"<code>{html}</code>" in made(tmp_path, f"```{language}\n{code}\n```\n").html


def test_underscores_are_a_line_to_write_on(tmp_path: Path) -> None:
    html = made(tmp_path, "Name: ____________ <b> `________`\n").html
    assert 'Name: <span class="blank"></span> &lt;b&gt; ' in html
    assert "<code>________</code>" in html


def test_a_column_of_figures_needs_no_style(tmp_path: Path) -> None:
    html = made(tmp_path, "| | ms |\n|---|--:|\n| a | 1 |\n").html
    assert "style" not in html
    assert html.count('<td class="num">1</td>') == 1
    assert "<td></td>" in html  # the corner


def test_a_file_is_quoted_as_its_options_say(docs: Path) -> None:
    (docs / "app.py").write_text("import x\n# 1\ndef a():\n    pass\n# 2\nlast\n")

    def quote(*options: str) -> str:
        told = "\n".join(options)
        html = made(docs, f"```{{literalinclude}} app.py\n{told}\n```\n").html
        return html.split("<code>")[1].split("</code>")[0]

    assert quote(':start-after: "# 1"', ':end-before: "# 2"') == "def a():\n    pass"
    assert quote(':start-after: "# 2"') == "last"
    with pytest.raises(ValueError, match="no line has"):
        quote(':start-after: "# 3"')
    with pytest.raises(ValueError, match="does not know"):
        quote(":pyobject: a")


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd", "link.txt"])
def test_nothing_outside_of_docs_is_quoted(
    docs: Path, path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("secret")
    (docs / "link.txt").symlink_to(outside / "secret.txt")
    with pytest.raises(ValueError, match="is not in docs/"):
        made(docs, f"```{{literalinclude}} {path}\n```\n")


@pytest.mark.parametrize("block", ["```{eval-rst}\n```", ":::{danger}\n:::"])
def test_what_is_not_known_is_an_error(tmp_path: Path, block: str) -> None:
    with pytest.raises(ValueError, match="is not known here"):
        made(tmp_path, block)


def test_a_page_is_made_again_when_one_of_its_files_has_changed(docs: Path) -> None:
    quoted = docs / "app.py"
    quoted.write_text("one")
    first = made(docs, "```{literalinclude} app.py\n```\n")
    assert page(docs / "page.md", "/tea") is first
    quoted.write_text("two")
    os.utime(quoted, (0, 0))  # however coarse the clock of the disk is
    second = page(docs / "page.md", "/tea")
    assert "two" in second.html
    assert page(docs / "page.md", "/tea") is second


def test_the_folder_is_that_of_the_repository() -> None:
    assert Path(__file__).resolve().parents[2] / "docs" == DOCS


def test_it_is_one_click_away_above_the_foot_of_a_page(visitor: Visitor) -> None:
    for path in ("/", "/labs", "/cart", "/docs/01-twenty-lines"):
        assert visitor.get(path).html.find("header").find("a", href="/docs"), path
    for path in ("/", "/labs"):
        assert visitor.get(path).html.main.find("a", href="/docs"), path
