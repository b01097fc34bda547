"""Programs of ours, forked from a process that has imported them already.

To start Python and to import the shop takes a second of a processor, a hundred times and more in
these tests, and hardly one of them is about it. `multiprocessing` does it once: its fork server
imports `tests.preloaded`, and forks when it is asked to. What comes of a fork is a process of its
own: with its memory, sockets, signals, log and exit status. What a start itself does is tested with
real ones, where `fresh=True` or `subprocess` is written.
"""

import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Any

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.preloaded"])
_lock = threading.Lock()
"""multiprocessing asks after all its processes whenever it starts one; two threads that ask at
once would tell one of them nonsense."""


class Program:
    """As much of subprocess.Popen as the tests need."""

    def __init__(self, module: str, *arguments: object, folder: Path, out: Path, err: Path) -> None:
        given = (module, list(map(str, arguments)), dict(os.environ), str(folder), out, err)
        self._process = _context.Process(target=_become, args=given, daemon=True)
        with _lock:
            self._process.start()
        self.pid = self._process.pid or 0

    def poll(self) -> int | None:
        with _lock:
            return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        status = self.poll()
        assert status is not None
        return status


def run(module: str, *arguments: object) -> CompletedProcess[str]:
    """As `python -m module arguments` would end, here and now."""
    with TemporaryDirectory(prefix="teahouse-run-") as name:
        out, err = Path(name, "out"), Path(name, "err")
        status = Program(module, *arguments, folder=Path.cwd(), out=out, err=err).wait()
        return CompletedProcess(
            [module, *map(str, arguments)], status, out.read_text(), err.read_text()
        )


def _become(
    module: str,
    arguments: list[str],
    environ: Mapping[str, str],
    folder: str,
    out: Path,
    err: Path,
) -> None:
    """In the child. The fork server ends with the tests, however they end, and this with it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    os.closerange(3, 256)  # one of them would tell the fork server that the tests still run
    os.setpgid(0, 0)  # the terminal's Ctrl-C is for pytest, which then stops us
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    for number, path in enumerate((Path(os.devnull), out, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
    stdout: Any = sys.stdout
    stdout.reconfigure(line_buffering=True)
    sys.argv[1:] = arguments
    try:
        sys.modules.pop(module, None)  # or it is told that it is there already
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit:  # demoapp's is an Exception, too
        raise
    except Exception:  # noqa: BLE001 - told as Python tells it at its end
        sys.excepthook(*sys.exc_info())
        sys.exit(1)
