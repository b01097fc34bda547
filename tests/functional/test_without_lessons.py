"""What teaches can be taken out: nothing outside imports it, and the shop goes on without it."""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.servers import RedisServer

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "demoapp"


def test_nothing_outside_imports_it() -> None:
    for file in PACKAGE.rglob("*.py"):
        if file.is_relative_to(PACKAGE / "lessons"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            assert not [name for name in names if name.startswith("demoapp.lessons")], file


def test_the_shop_goes_on_without_its_folder(
    sqlite_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    """As somebody who wants the shop alone would take it out: see demoapp/lessons/__init__.py."""
    copy = tmp_path / "demoapp"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("lessons", "docs", "__pycache__"))
    main = copy / "__init__.py"
    line = '        config.include("demoapp.lessons")\n'
    assert main.read_text().count(line) == 1
    main.write_text(main.read_text().replace(line, ""))
    path = [tmp_path, sysconfig.get_path("purelib"), ROOT]
    program = [sys.executable, "-S", "-m", "tests.functional.without_lessons"]
    done = subprocess.run(
        [*program, sqlite_url, redis_server.url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
