"""What the teacher's page says of a class on one machine, done in a copy of the folder."""

import re
import shutil
import subprocess
from pathlib import Path

from demoapp.lessons.docs.shelf import DOCS

ROOT = Path(__file__).resolve().parents[2]
LESSON = (DOCS / "en" / "lesson.md").read_text(encoding="utf-8")
PORT = re.compile(r"(?<=[:= ])6[3-9]\d\d\b")


def ports(tmp_path: Path, seat: int) -> set[str]:
    """Those that are used in the folder of a seat, once its command was typed."""
    [command] = re.findall(r"^\$ (perl .*)$", LESSON, re.MULTILINE)
    assert "+ 70/" in command
    folder = tmp_path / f"seat-{seat}"
    shutil.copytree(DOCS / "steps", folder / "docs" / "steps")
    shutil.copy(ROOT / "development.ini", folder)
    command = command.replace("+ 70/", f"+ {10 * seat}/")
    subprocess.run(command, cwd=folder, shell=True, check=True)  # noqa: S602 - it has globs
    files = [folder / "development.ini", *folder.glob("docs/steps/*/*.*")]
    found = {port for file in files for port in PORT.findall(file.read_text(errors="replace"))}
    return found - {"6544"}  # in a comment


def test_each_seat_has_ports_of_its_own(tmp_path: Path) -> None:
    seats = [ports(tmp_path, seat) for seat in range(31)]
    assert seats[7] == {"6613", "6449", "6620", "6621"}
    for own in seats:
        own |= {str(int(port) + 1) for port in own if port.endswith("3")}  # of the lab two-ports
    for port in seats[7] - {"6449"}:
        assert f" {port}" in LESSON
    assert len(set().union(*seats)) == sum(map(len, seats)) == 31 * 5
