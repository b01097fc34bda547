"""What the teaching pages say, they say in both languages."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from demoapp.lessons.content import HERE


@pytest.mark.parametrize("file", sorted(HERE.glob("*/*.toml")), ids=lambda path: path.stem)
def test_every_text_is_in_both_languages(file: Path) -> None:
    def check(value: Any, where: str) -> None:
        if isinstance(value, dict):
            assert ("en" in value) == ("ko" in value), where
            for key, inner in value.items():
                check(inner, f"{where}.{key}")
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                check(inner, f"{where}[{number}]")

    check(tomllib.loads(file.read_text(encoding="utf-8")), file.stem)
