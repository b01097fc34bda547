"""`make docs`: the same files as a site. A link that leads nowhere, or a wrong option, fails."""

import re
import subprocess
from pathlib import Path

import pytest

from demoapp.lessons.docs.shelf import INDEX, shelf

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r"^\t\t\$\(BIN\)/(sphinx-build .*?) \|\|", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_it_is_built_without_a_warning(language: str, tmp_path: Path) -> None:
    [command] = COMMAND.findall((ROOT / "Makefile").read_text())
    command = command.replace("\\\n", " ").replace("$$language", language)
    words = [word.replace("var/docs", str(tmp_path)) for word in command.split()]
    built = subprocess.run(
        [ROOT / ".venv/bin" / words[0], *words[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    site = tmp_path / language
    assert {file.stem for file in site.glob("*.html")} >= shelf(language).keys()
    index = (site / f"{INDEX}.html").read_text(encoding="utf-8")
    assert re.findall(r'class="toctree-l1"><a class="reference internal" href="([^"]+)"', index)
    assert 'href="http://localhost:6543/labs"' in index
