"""An ini file of before goes on working, or is told the new name in one line; never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from demoapp.moved import NAMES
from tests.processes import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("old", NAMES)
def test_an_old_name_in_an_ini_file_is_told_in_a_line_H5(old: str, tmp_path: Path) -> None:
    source = "production.ini" if NAMES[old].endswith(("proxy", "metrics")) else "development.ini"
    text = (ROOT / source).read_text()
    assert NAMES[old] in text
    ini = tmp_path / source
    ini.write_text(text.replace(NAMES[old], old))
    name = "side-by-side" if old.endswith("sidebyside") else "main"
    environment = {
        "PATH": "/usr/bin:/bin",
        "SESSION_SECRET": "Vq3-this-one-is-as-good-as-any-XW9x7",
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "DATABASE_URL": f"sqlite:///{tmp_path}/shop.sqlite",
        "SHOP_HOSTS": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pyramid.scripts.pserve", ini, "-n", name],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode != 0 or "Exiting 1" in done.stderr  # gunicorn, as pserve runs it
    told = [line for line in done.stderr.splitlines() if line.startswith("demoapp: ")]
    assert told == [f"demoapp: {old} is {NAMES[old]} now; write that in the ini file"]
    assert "Traceback" not in done.stderr
