"""What is installed is all there: texts, pictures and templates as well as code."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "demoapp"
CODE = {".py", ".pyc"}


def test_every_file_that_is_no_code_is_package_data() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = setuptools["package-data"]["demoapp"]
    installed = {file for pattern in patterns for file in PACKAGE.glob(pattern)}
    there = {file for file in PACKAGE.rglob("*") if file.is_file() and file.suffix not in CODE}
    assert there <= installed
