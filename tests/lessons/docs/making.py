"""A page of the course, made from a few lines of Markdown."""

from pathlib import Path

from demoapp.lessons.docs import markdown
from demoapp.lessons.docs.markdown import page


def made(tmp_path: Path, text: str, name: str = "page.md") -> markdown.Page:
    file = tmp_path / name
    file.write_text(f"---\ntitle: A page\norder: 1\n---\n# A page\n\n{text}")
    return page(file, "/tea")
