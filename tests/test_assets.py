"""A file below static/ has its content in its address, so a browser may keep it."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from demoapp.assets import MONTH, STATIC, ContentCacheBuster
from tests.shops import Visitor


def test_the_address_changes_with_the_content_and_with_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "site.css"

    def written(content: str, second: int) -> str:
        file.write_text(content)
        os.utime(file, (second, second))  # however coarse the clock of the disk is
        return ContentCacheBuster().tokenize(None, str(file), {})

    first = written("one", 1)
    assert written("two", 2) != first
    assert written("one", 3) == first


def test_a_page_asks_for_the_file_that_is_there(memory: Any) -> None:
    visitor = Visitor(memory)
    [sheet] = [
        link["href"]
        for link in visitor.get("/").html.find_all("link", rel="stylesheet")
        if "/site.css" in link["href"]
    ]
    content = (STATIC / "site.css").read_bytes()
    assert sheet == f"/static/site.css?x={sha256(content).hexdigest()[:12]}"
    answer = visitor.get(sheet)
    assert answer.body == content
    assert f"max-age={MONTH}" in answer.headers["Cache-Control"]
