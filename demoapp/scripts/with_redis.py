"""`python -m demoapp.scripts.with_redis INI APP COMMAND...`: with the Redis that APP can use.

`make serve` runs pserve with it, for somebody who has installed Redis and started none. A server
that listens already is used as it is. Ours ends after COMMAND, and has its data in var/redis/
beside INI, so that sessions survive a restart of the shop.
"""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from demoapp.sessions.ini import Ini
from demoapp.sessions.redis.url import address_in
from demoapp.settings import app_settings, resolve, teaches, told_in_a_line

LOOPBACK = ("localhost", "127.0.0.1", "::1")
PATIENCE = 10
"""Seconds for Redis to read its data."""
CONFIG = """
port {port}
bind {bind}
dir .
logfile redis.log
save ""
appendonly yes
"""


def main(ini: str, app: str, *command: str) -> None:
    with told_in_a_line():
        found = urls(ini, app)
    missing = {where: needed for url, needed in found.items() if (where := unserved(url))}
    where = next(iter(missing), None)
    program = installed(*where, needed=missing[where]) if where else None
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    folder = Path(ini).resolve().parent / "var" / "redis"
    with redis_at(*where, program, folder) if where and program else nullcontext():
        sys.exit(run(command))


def urls(ini: str, app: str) -> dict[str, bool]:
    """Every `session.redis.url` that APP uses, and whether its shop is closed without; a composite
    is several applications.
    """
    settings = resolve(app_settings(ini, app))
    if "session.strategy" not in settings:
        parts = [urls(ini, part) for part in settings.values()]
        return {url: any(part.get(url) for part in parts) for part in parts for url in part}
    needed = "redis" in (settings["session.strategy"], settings.get("session.migrate_from"))
    if not needed and not teaches(settings):
        return {}  # there is no /stage, where all four strategies are
    return {Ini(settings).text("session.redis.url", "redis://localhost:6379/0"): needed}


def unserved(url: str) -> tuple[str, int] | None:
    """Where a plain Redis on this machine is expected and nobody listens."""
    if not url.startswith("redis://"):
        return None
    try:
        [(host, port)], options = address_in(url).hosts, address_in(url).options
    except ValueError:
        return None  # the shop says it better
    if host not in LOOPBACK or "password" in options or listens(host, port):
        return None
    return host, port


def listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except TimeoutError:
        return True  # if not in good health
    except OSError:
        return False
    return True


def installed(host: str, port: int, *, needed: bool) -> str | None:
    """Redis's program; else say how to get it, and what works without, to who needs it."""
    if not (program := shutil.which("redis-server")) and needed:
        say(
            f"Nobody listens at {host}:{port}, and Redis is not installed: the catalogue works, "
            "the cart and logging in do not. Get it with `sudo apt-get install redis-server` or "
            "`brew install redis`, or choose a strategy without it: make serve STRATEGY=database"
        )
    return program


@contextmanager
def redis_at(host: str, port: int, program: str, folder: Path) -> Iterator[None]:
    """A Redis of our own, for as long as it takes."""
    with told_in_a_line():
        folder.mkdir(parents=True, exist_ok=True)
    redis = subprocess.Popen(  # noqa: S603
        [program, "-"],  # its configuration comes from stdin
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the shop, which needs it to the end
    )
    try:
        bind = "127.0.0.1 -::1" if host == "localhost" else host
        if redis.stdin:
            redis.stdin.write(CONFIG.format(port=port, bind=bind).encode())
            redis.stdin.close()
        limit = time.monotonic() + PATIENCE
        while redis.poll() is None and not listens(host, port) and time.monotonic() < limit:
            time.sleep(0.02)
        if redis.poll() is None:
            say(f"A Redis of the shop's own listens at {host}:{port}; its data: {folder}")
        else:
            say(f"Redis could not be started; {folder / 'redis.log'} says why.")
        yield
    finally:
        redis.terminate()
        redis.wait()


def run(command: tuple[str, ...]) -> int:
    """Run it to its end, whatever signal comes, and tell its status as a shell would."""
    # the terminal sends Ctrl-C to the shop as well, which answers it; on a busy machine
    # pserve --reload finds that too slow and kills it, which is no error that make should tell
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    shop = subprocess.Popen(command)  # noqa: S603
    try:
        status = shop.wait()
        return 0 if pressed else status if status >= 0 else 128 - status
    finally:
        shop.terminate()
        shop.wait()


def end(number: int, frame: object) -> None:
    """Once: who stops a group of processes and make at its head reaches us twice."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
