"""`{literalinclude}`: what is quoted, as its options say, and from docs/ alone."""

import os
from pathlib import Path

import pytest

from demoapp.lessons.docs import markdown, quoting
from demoapp.lessons.docs.markdown import page
from tests.lessons.docs.making import made


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docs/ of one's own."""
    monkeypatch.setattr(quoting, "DOCS", tmp_path)
    monkeypatch.setattr(markdown, "DOCS", tmp_path)
    return tmp_path


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
