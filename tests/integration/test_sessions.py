"""`demoapp-sessions`, as an operator types it, beside a running shop."""

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unicodedata import normalize

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from demoapp.db import make_engine
from demoapp.shop.models import User
from tests import forks
from tests.expired import fill_sessions
from tests.integration.client import Client
from tests.integration.conftest import DEVELOPMENT
from tests.integration.running import running
from tests.processes import Shop

SESSIONS = "demoapp.scripts.sessions"
COMMAND = (sys.executable, "-m", SESSIONS)
LISTED = ("redis-sqlite", "database-sqlite", "database-postgres")


def run(shop: Shop, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return forks.run(SESSIONS, "-n", shop._app, shop.ini, *arguments)


def said(shop: Shop, *arguments: str) -> str:
    done = run(shop, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def refused(shop: Shop, *arguments: str) -> str:
    """One readable line, and a status that a script can see."""
    done = run(shop, *arguments)
    assert done.returncode not in (0, -2), done.stdout
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("demoapp")
    return done.stderr


def not_running(request: pytest.FixtureRequest, strategy: str) -> Shop:
    """The ini file of a shop that does not run."""
    settings = {"sqlalchemy.url": request.getfixturevalue("sqlite_url")}
    if strategy == "redis":
        settings["session.redis.url"] = request.getfixturevalue("redis_server").url
    shop = Shop(DEVELOPMENT, strategy, settings=settings)
    request.addfinalizer(shop.close)
    return shop


@contextmanager
def database(url: str) -> Iterator[Session]:
    engine = make_engine(url)
    try:
        with Session(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def browser(shop: Shop, username: str = "demo") -> Client:
    client = Client(shop.base_url).open()
    assert client.log_in(username).status == 303
    return client


@pytest.mark.parametrize("backend", LISTED)
def test_count_list_and_revoke_S7(request: pytest.FixtureRequest, backend: str) -> None:
    with (
        running(request, backend) as shop,
        browser(shop) as one,
        browser(shop) as two,
        browser(shop, "minji") as minji,
    ):
        assert re.search(r"\b[0-9]+ sessions\n", said(shop, "count"))
        handle = one.state()["handle"]
        lines = said(shop, "list", "Demo").splitlines()
        assert any(line.startswith(f"{handle}  seen 20") for line in lines)
        said(shop, "revoke", "demo", str(handle))
        users = [client.state()["user"] for client in (one, two, minji)]
        assert users == [None, "demo", "minji"]
        assert "has no session" in refused(shop, "revoke", "demo", str(minji.state()["handle"]))
        said(shop, "revoke", "demo", "--all")
        assert (two.state()["user"], minji.state()["user"]) == (None, "minji")
        assert said(shop, "list", "demo") == "demo has no session\n"


@pytest.mark.parametrize("backend", ["redis-sqlite", "memory-sqlite", "custom-sqlite"])
def test_disable_and_enable_S7(request: pytest.FixtureRequest, backend: str) -> None:
    with (
        running(request, backend) as shop,
        browser(shop) as demo,
        browser(shop) as idle,
        browser(shop, "minji") as minji,
    ):
        said(shop, "disable", "demo")
        assert (demo.state()["user"], minji.state()["user"]) == (None, "minji")
        assert demo.open().log_in().status == 400
        said(shop, "enable", "demo")
        # what was ended stays so, also for who was not there in the meantime
        assert idle.state()["user"] is None
        assert demo.open().log_in().status == 303
        said(shop, "revoke", "demo", "--all")
        assert demo.state()["user"] is None


def test_what_cannot_be_done_is_one_line(request: pytest.FixtureRequest) -> None:
    memory, redis = not_running(request, "memory"), not_running(request, "redis")
    for command in (("count",), ("list", "demo"), ("revoke", "demo", "0" * 12)):
        assert "cannot be seen from outside" in refused(memory, *command)
    assert "nothing to do" in said(memory, "purge")
    assert "Redis drops each session" in said(redis, "purge")
    assert "no user nobody" in refused(redis, "list", "nobody")
    for arguments in (("purge", "--batch", "0"), ("revoke", "demo"), ("dance",), ()):
        done = run(redis, *arguments)
        assert done.returncode == 2
        assert "usage:" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("terminal", "user", "status", "told"),
    [
        ({"PYTHONIOENCODING": "ascii"}, " 민지 ", 0, b" is disabled"),
        ({"LC_ALL": "POSIX", "PYTHONUTF8": "0"}, normalize("NFD", "민지"), 0, b" is disabled"),
        ({"PYTHONIOENCODING": "ascii"}, "하은", 1, b"there is no user \\ud558\\uc740"),
        ({}, b"\xff\xfe", 1, b"there is no user"),
    ],
    ids=["output", "locale", "unknown", "bytes"],
)
def test_what_is_done_is_said_on_any_terminal_P5(
    request: pytest.FixtureRequest,
    sqlite_url: str,
    terminal: dict[str, str],
    user: str | bytes,
    status: int,
    told: bytes,
) -> None:
    """To a user whose name the terminal cannot show; the name may be typed in any form."""
    with database(sqlite_url) as session:
        session.add(User(username="민지", password_hash=""))
    shop = not_running(request, "database")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    arguments = [*COMMAND, "-n", "database", str(shop.ini), "disable", user]
    done = subprocess.run(arguments, capture_output=True, env=kept | terminal, timeout=60)
    assert (done.returncode, told in (done.stderr if status else done.stdout)) == (status, True)
    assert len((done.stdout + done.stderr).splitlines()) == 1
    with database(sqlite_url) as session:
        active = session.scalars(select(User.active).where(User.username == "민지")).one()
        assert active is (status == 1)


def test_a_wrong_file_or_a_store_that_is_down_is_one_line(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    shop = not_running(request, "redis")
    text = shop.ini.read_text()
    down, bad = tmp_path / "down.ini", tmp_path / "bad.ini"
    down.write_text(re.sub(r"redis://127\S+", "redis://127.0.0.1:1/0", text))
    bad.write_text(text.replace("session.strategy = redis", "session.strategy = disk"))
    for ini, words in ((down, "Redis"), (bad, "disk"), (tmp_path / "none.ini", "No such file")):
        done = forks.run(SESSIONS, "-n", "redis", ini, "count")
        assert done.returncode == 1
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr


def test_help_tells_each_command() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    for word in ("count", "list", "revoke", "purge", "disable", "enable", "cron"):
        assert word in done.stdout


def on_a_terminal(shop: Shop, *arguments: str) -> tuple["subprocess.Popen[bytes]", int]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "-n", "database", str(shop.ini), *arguments],
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    return process, ours


def test_control_c_stops_between_batches_F10(
    request: pytest.FixtureRequest, sqlite_url: str
) -> None:
    fill_sessions(sqlite_url, 10, 20_000)
    shop = not_running(request, "database")
    process, terminal = on_a_terminal(shop, "purge", "--batch", "20")
    shown, end = b"", time.monotonic() + 30
    while b"[##" not in shown and time.monotonic() < end:  # the bar moves
        shown += os.read(terminal, 4096)
    process.send_signal(2)
    out, _ = process.communicate(timeout=10)
    try:
        while more := os.read(terminal, 4096):
            shown += more
    except OSError:  # how a terminal says that the other end is gone
        os.close(terminal)
    assert process.returncode == 1
    assert b"stopped" in shown
    assert b"Traceback" not in shown
    deleted = int(out.split()[0])
    assert 0 < deleted < 20_000
    left = re.search(r"([0-9]+) sessions, ([0-9]+) of them expired", said(shop, "count"))
    assert left
    assert int(left[2]) == 20_000 - deleted
    assert f"{20_000 - deleted} expired" in said(shop, "purge")
