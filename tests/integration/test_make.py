"""`make`, on machines of other people. Real make and Python; venv and pip are stand-ins that take
no time: a module in the folder where `python -m venv` runs goes before Python's own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import ROOT

VENV = f"""
import sys
from pathlib import Path

venv = Path(sys.argv[1])
packages = venv / "lib/python3.{sys.version_info.minor}/site-packages"
(venv / "bin").mkdir(parents=True)
(venv / "bin/python").symlink_to(sys.executable)
if Path("no-ensurepip").exists():
    sys.exit("ensurepip is not available")
(venv / "pyvenv.cfg").write_text(f"home = {{Path(sys.executable).parent}}\\n")
(packages / "pip").mkdir(parents=True)
(packages / "pip/__init__.py").touch()
(packages / "pip/__main__.py").write_text(Path("pip_install.py").read_text())
"""
PIP = """
import sys
import time
from pathlib import Path

if Path("no-network").exists():
    sys.exit("no network")
alone = Path("installing")
alone.mkdir()
time.sleep(0.3)
alone.rmdir()
(Path(__file__).parents[1] / "demoapp.pth").write_text(str(Path.cwd()))
with Path("installed").open("a") as file:
    file.write(sys.argv[-1] + "\\n")
"""
# -P, as it is for pserve: the folder that make runs in is not looked into
RUN = """
where: install
\t@.venv/bin/python -P -c 'import demoapp; print(demoapp.__file__)'
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "scripts").mkdir(parents=True)
    for name in ("Makefile", "scripts/install.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "demoapp").mkdir()
    (folder / "demoapp" / "__init__.py").touch()
    (folder / "venv.py").write_text(VENV)
    (folder / "pip_install.py").write_text(PIP)
    return folder


def start(folder: Path, *targets: str, **variables: str) -> "subprocess.Popen[str]":
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # of the `make test` around us
    env = {key: value for key, value in os.environ.items() if key not in outer} | variables
    return subprocess.Popen(
        ["make", f"--eval={RUN}", f"PYTHON={sys.executable}", *targets],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def make(folder: Path, *targets: str, **variables: str) -> str:
    process = start(folder, *targets, **variables)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    return told


def refused(folder: Path, *targets: str) -> str:
    process = start(folder, *targets)
    told, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in told
    return told


def served(folder: Path, **variables: str) -> Path:
    """Whose code it is that `make` runs."""
    return Path(make(folder, "where", **variables).splitlines()[-1])


def installs(folder: Path) -> list[str]:
    return (folder / "installed").read_text().split()


def test_it_installs_once_and_again_when_the_pinned_versions_change_P6(checkout: Path) -> None:
    for _ in range(2):
        assert served(checkout) == checkout / "demoapp" / "__init__.py"
    assert installs(checkout) == ["."]
    make(checkout, "install-test")
    make(checkout, "install")
    assert installs(checkout) == [".", ".[test]"]
    later = (checkout / ".venv" / ".installed").stat().st_mtime + 5
    os.utime(checkout / "constraints.txt", (later, later))
    make(checkout, "install")
    assert installs(checkout) == [".", ".[test]", "."]


@pytest.mark.parametrize("missing", ["no-ensurepip", "no-network"])
def test_what_was_missing_once_does_no_harm_later_P6(checkout: Path, missing: str) -> None:
    (checkout / missing).touch()
    told = refused(checkout, "install")
    if missing == "no-ensurepip":
        assert "sudo apt-get install python3-venv" in told
    (checkout / missing).unlink()
    assert served(checkout) == checkout / "demoapp" / "__init__.py"


def test_two_at_once_wait_for_each_other_P6(checkout: Path) -> None:
    both = [start(checkout, "install") for _ in range(2)]
    told = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert installs(checkout) == ["."]


@pytest.mark.parametrize("way", ["copied", "moved"])
def test_a_checkout_that_was_copied_or_moved_runs_its_own_code_P6(
    checkout: Path, tmp_path: Path, way: str
) -> None:
    make(checkout, "install")
    other = tmp_path / "찻집, 새 폴더"
    if way == "copied":
        shutil.copytree(checkout, other, symlinks=True)
    else:
        checkout.rename(other)
    assert served(other) == other / "demoapp" / "__init__.py"


def test_another_environment_that_is_active_changes_nothing_P6(
    checkout: Path, tmp_path: Path
) -> None:
    another = tmp_path / "another" / "demoapp"
    another.mkdir(parents=True)
    (another / "__init__.py").touch()
    found = served(checkout, PYTHONPATH=str(another.parent), VIRTUAL_ENV=sys.prefix)
    assert found == checkout / "demoapp" / "__init__.py"


def test_the_environment_that_is_active_may_be_the_broken_one_P6(checkout: Path) -> None:
    make(checkout, "install")
    shutil.rmtree(next(checkout.glob(".venv/lib/*/site-packages/pip")))
    make(checkout, f"PYTHON={checkout}/.venv/bin/python", "install")
    assert served(checkout) == checkout / "demoapp" / "__init__.py"


def test_a_percent_sign_in_the_path_is_told_in_a_line_P6(checkout: Path) -> None:
    other = checkout.rename(checkout.with_name("100%"))
    line, of_make = refused(other, "install").splitlines()
    assert line.startswith("The path of this folder has a % in it")
    assert of_make.startswith("make: ***")
