"""`make install`: .venv with the pinned packages, for the code of this folder.

    python3 scripts/install.py [test]

Whatever Python somebody has runs this file, so it is written for old ones as well.
"""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

ROOT = Path(__file__).absolute().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PINNED = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
WHERE = "from importlib.util import find_spec as f; print(f('pip') and f('demoapp').origin)"


def main(extra: str) -> None:
    if "%" in str(ROOT):
        sys.exit("The path of this folder has a % in it, which ini files cannot hold; rename it.")
    with PINNED[0].open() as lock:
        wait_for(lock)
        if not is_ours():
            make_environment()
        stamp = VENV / (".installed-" + extra if extra else ".installed")
        if not is_fresh(stamp):
            install(extra)
            (VENV / ".installed").touch()
            stamp.touch()


def wait_for(lock: IO[str]) -> None:
    """Two at once would write into one environment."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("Another make is installing; waiting for it.", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def is_ours() -> bool:
    """Whether it was finished, and runs the code of this folder.

    That of a checkout which was copied runs the code of the original, one that was moved none.
    """
    if not PYTHON.exists():
        return False
    asked = [str(PYTHON), "-I", "-c", WHERE]
    said = subprocess.run(asked, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found = Path(said.stdout.decode().strip() or "None")
    return found.is_file() and found.samefile(ROOT / "demoapp" / "__init__.py")


def make_environment() -> None:
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed; say: make serve PYTHON=python3.11")
    remove()
    # not sys.executable: that may be in the environment just removed
    python = getattr(sys, "_base_executable", sys.executable)
    if subprocess.call([python, "-m", "venv", str(VENV)], cwd=str(ROOT)):
        remove()
        sys.exit(
            "No virtual environment could be made. If a package is missing, it is python3-venv "
            "(sudo apt-get install python3-venv); then say make again."
        )


def remove() -> None:
    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(str(VENV))


def is_fresh(stamp: Path) -> bool:
    if not stamp.exists():
        return False
    return all(stamp.stat().st_mtime >= path.stat().st_mtime for path in PINNED)


def install(extra: str) -> None:
    what = ".[" + extra + "]" if extra else "."
    pip = [str(PYTHON), "-m", "pip", "install", "-q", "-c", "constraints.txt", "-e", what]
    status = subprocess.call(pip, cwd=str(ROOT))
    if status:
        sys.exit(status)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:] or [""])
    except KeyboardInterrupt:
        sys.exit(130)
