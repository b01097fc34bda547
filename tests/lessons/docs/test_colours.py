"""The colours of code are classes."""

from pathlib import Path

import pytest

from tests.lessons.docs.making import made


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
