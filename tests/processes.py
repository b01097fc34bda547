"""Start real processes for the tests, and never leave one behind.

WebTest knows no sockets, signals or crashes, so some tests talk to the real thing: Redis and
PostgreSQL (`tests.servers`) and the shop under pserve (`Shop`). All of them can be started,
stopped, killed, paused and resumed:

    with Shop(ini, "redis", settings={"session.redis.url": redis.url}) as shop:
        requests_to(shop.base_url)
        shop.kill()
        shop.start()  # same port, same folder

Everything listens on loopback only and lives in a temporary folder of its own.
"""

import abc
import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import SystemRandom
from typing import ClassVar, Self

from tests.forks import Program

# Runs in the child, before the server. It drops to another user where asked, then asks the
# kernel to send a signal when the tests die, however they die. Not a preexec_fn: that runs
# Python between fork and exec, which Python 3.12 warns of as soon as there are threads.
_GUARD = """
import ctypes, os, sys
death_signal, parent, uid, gid = map(int, sys.argv[1:5])
if uid:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, death_signal)  # PR_SET_PDEATHSIG; a setuid would clear it
if os.getppid() != parent:
    sys.exit("the tests ended before the server began")
os.execv(sys.argv[5], sys.argv[5:])
"""

_PORTS = range(20000, 32000)
_handed_out: set[int] = set()
_open: set["ManagedProcess"] = set()
_owner = os.getpid()
# The kernel's "parent died" means the thread that forked. A server started from a short-lived
# thread would die with it, so those are forked from this one, which lives as long as we do.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")


class StartError(RuntimeError):
    """The process ended, or was not ready in time. The message carries the end of its log."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on and that is handed out once.

    Taken below the range that the kernel gives to outgoing connections. From inside it, a
    client's own connection could take the port while its server is down; it could even
    connect to itself, and "refused" would not be refused.
    """
    for port in SystemRandom().sample(_PORTS, 1000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _handed_out:
            _handed_out.add(port)
            return port
    raise RuntimeError(f"no free port between {_PORTS.start} and {_PORTS.stop}")


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask every 10 ms; false when the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def answers_at(door: Path, path: str) -> bool:
    """Whether a server answers 200 at a unix socket."""
    connection = HTTPConnection("127.0.0.1")
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(str(door))
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def process_state(pid: int) -> str:
    """One letter of proc(5): R and S run, T is stopped; empty when it has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state in "ZX" else state


def guarded(
    command: Sequence[str | Path],
    *,
    user: tuple[int, int] = (0, 0),
    death_signal: int = signal.SIGKILL,
) -> list[str]:
    """The command behind the guard; user is (uid, gid) to drop to, (0, 0) for no change."""
    numbers = (death_signal, os.getpid(), *user)
    guard = [sys.executable, "-I", "-S", "-c", _GUARD]
    return [*guard, *map(str, numbers), *map(str, command)]


class ManagedProcess(abc.ABC):
    """A process of ours: its folder, its log, its life. Usable as a context manager."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    death_signal: ClassVar[signal.Signals] = signal.SIGKILL
    user: tuple[int, int] = (0, 0)
    start_timeout = 60.0
    stop_timeout = 30.0

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"teahouse-{self.name}-"))
        self.log_path = self.folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | Program | None = None
        self._ports_may_move = True
        _open.add(self)
        self._choose_ports()

    @abc.abstractmethod
    def _choose_ports(self) -> None:
        """Take free ports; asked again when another process was quicker to listen."""

    @abc.abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """What to run; the program by its full path. Writes the files that it needs."""

    @abc.abstractmethod
    def _ready(self) -> bool:
        """Whether it answers."""

    def _directory(self) -> Path:
        """Where it runs."""
        return self.folder

    @property
    def pid(self) -> int:
        """Of the running process, or the last one."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """All that it has said so far, of all its starts."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self) -> Self:
        """Start, and return when it answers. The second start has the ports of the first."""
        while not self.running:
            said_before = len(self.log)
            self._process = self._fork()
            try:
                self._wait_until_ready()
            except StartError:
                self.kill()
                if not (self._ports_may_move and " in use" in self.log[said_before:]):
                    raise
                self._choose_ports()
            except BaseException:  # Ctrl-C while it starts
                self.kill()
                raise
        self._ports_may_move = False
        return self

    def stop(self) -> int:
        """Ask it to end, wait, and return its exit status. Late is an error, and fatal to it."""
        if self.running:
            self.resume()
            self._send(self.stop_signal, [self.pid])
            if not wait_until(lambda: not self.running, self.stop_timeout):
                self.kill()
                raise RuntimeError(self._story(f"did not stop in {self.stop_timeout:g} s"))
        return 0 if self._process is None else self._process.wait()

    def kill(self) -> None:
        """SIGKILL to it and its children; returns when all are gone."""
        if self.running:
            family = self._family()
            self._send(signal.SIGKILL, family)
            wait_until(lambda: not self.running and not any(map(process_state, family)), 5)

    def pause(self) -> None:
        """SIGSTOP: connections are accepted by the kernel, and nobody answers."""
        family = self._family()
        self._send(signal.SIGSTOP, family)
        wait_until(lambda: all(process_state(pid) in ("T", "") for pid in family), 1)

    def resume(self) -> None:
        self._send(signal.SIGCONT, self._family())

    def close(self) -> None:
        """Stop it for good and remove its folder."""
        try:
            self.stop()
        finally:
            _open.discard(self)
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fork(self) -> subprocess.Popen[bytes] | Program:
        command = guarded(self._command(), user=self.user, death_signal=self.death_signal)

        def fork() -> subprocess.Popen[bytes]:
            with self.log_path.open("ab") as log:
                return subprocess.Popen(
                    command,
                    cwd=self._directory(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    process_group=0,  # the terminal's Ctrl-C is for pytest, which then stops us
                )

        if threading.current_thread() is threading.main_thread():
            return fork()
        return _forker.submit(fork).result()

    def _wait_until_ready(self) -> None:
        wait_until(lambda: not self.running or self._ready(), self.start_timeout)
        if not self.running:
            raise StartError(self._story("ended instead of starting"))
        if not self._ready():
            raise StartError(self._story(f"was not ready in {self.start_timeout:g} s"))

    def _story(self, what: str) -> str:
        tail = "\n".join(self.log.splitlines()[-30:])
        return f"{self.name} {what}. The end of its log:\n{tail or '(empty)'}"

    def _family(self) -> list[int]:
        """The process and its children: PostgreSQL serves every connection with one."""
        if not self.running:
            return []
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [self.pid, *map(int, children.read_text().split() if children.exists() else ())]

    def _send(self, number: signal.Signals, pids: Sequence[int]) -> None:
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue  # ended meanwhile


@atexit.register
def _close_all() -> None:
    """For scripts and failures outside a `with`. A forked child owns nothing."""
    if os.getpid() == _owner:
        for process in list(_open):
            process.kill()
            process.close()


PSERVE = "pyramid.scripts.pserve"


class Shop(ManagedProcess):
    """The application under pserve, from a copy of an ini file.

    A copy, because PasteDeploy lets a file's [DEFAULT] win over `http_port=...` on the command
    line. The copy differs in the port and in the given settings; %(here)s stays the original's.

    It is forked from a process that has imported it; a `fresh` one is a new Python, slow to start.
    """

    name = "shop"

    def __init__(
        self,
        ini: Path | str,
        app: str = "main",
        *,
        settings: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> None:
        self._source = Path(ini).resolve()
        self._app = app
        self._settings = dict(settings or {})
        self._fresh = fresh
        super().__init__()

    @property
    def ini(self) -> Path:
        """The copy; it exists before the start, so that demoapp-init can be run on it."""
        return self.folder / self._source.name

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _choose_ports(self) -> None:
        self.port = free_port()
        config = ConfigParser(interpolation=None)
        config.optionxform = str  # type: ignore[assignment,method-assign]  # keeps capitals
        with self._source.open() as file:
            config.read_file(file)
        config["DEFAULT"]["here"] = str(self._source.parent)
        config["DEFAULT"]["http_port"] = str(self.port)
        if "listen" in config["server:main"]:  # waitress; production.ini has `bind`, by http_port
            config["server:main"]["listen"] = f"127.0.0.1:{self.port}"
        if self._settings:  # a composite has none of its own
            config[f"app:{self._app}"].update(self._settings)
        with self.ini.open("w") as file:
            config.write(file)

    def _arguments(self) -> Sequence[str | Path]:
        # options first: argparse takes no variable after an option that follows the ini
        return ["-n", self._app, self.ini, f"here={self._source.parent}"]

    def _command(self) -> Sequence[str | Path]:
        return [sys.executable, "-u", "-m", PSERVE, *self._arguments()]

    def _fork(self) -> subprocess.Popen[bytes] | Program:
        if self._fresh:
            return super()._fork()
        log, folder = self.log_path, self._directory()
        return Program(PSERVE, *self._arguments(), folder=folder, out=log, err=log)

    def _directory(self) -> Path:
        return self._source.parent

    def _ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
