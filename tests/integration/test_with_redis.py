"""A Redis for `make serve`, where nobody listens. With a shop it is in test_serve.py."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demoapp.scripts.with_redis import listens, urls
from tests.integration.conftest import DEVELOPMENT
from tests.processes import free_port, wait_until
from tests.servers import RedisServer

SAY_SO = (sys.executable, "-c", "print('served')")
WAIT = (sys.executable, "-c", "import time; print('served', flush=True); time.sleep(600)")


def start(
    folder: Path, url: str, app: str, command: tuple[str, ...] = SAY_SO, **variables: str
) -> "subprocess.Popen[str]":
    ini = folder / "shop.ini"
    ini.write_text(DEVELOPMENT.read_text().replace("redis://localhost:6379/0", url))
    return subprocess.Popen(
        [sys.executable, "-m", "demoapp.scripts.with_redis", ini, app, *command],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_server_that_listens_is_not_touched(tmp_path: Path, redis_server: RedisServer) -> None:
    out, err = start(tmp_path, redis_server.url, "redis").communicate(timeout=60)
    assert (out, err) == ("served\n", "")
    assert not (tmp_path / "var").exists()
    assert redis_server.running


@pytest.mark.parametrize(
    ("app", "url"),
    [
        ("redis", "redis://192.0.2.1:{port}/0"),
        ("redis", "redis://:password@localhost:{port}/0"),
        ("redis", "redis+cluster://localhost:{port}"),
        ("redis", "unix:///nowhere/redis.sock"),
        ("redis", "nonsense"),
    ],
)
def test_none_is_started_for_who_has_another(tmp_path: Path, app: str, url: str) -> None:
    process = start(tmp_path, url.format(port=free_port()), app)
    assert process.communicate(timeout=60) == ("served\n", "")
    assert not (tmp_path / "var").exists()


def test_none_is_started_where_there_is_no_stage_either(tmp_path: Path) -> None:
    url = f"redis://localhost:{free_port()}/0\ndemo.labs = false"
    ini = DEVELOPMENT.read_text().replace("demo.labs = true", "")
    ini = ini.replace("redis://localhost:6379/0", url)
    (tmp_path / "shop.ini").write_text(ini)
    assert urls(str(tmp_path / "shop.ini"), "memory") == {}
    assert list(urls(str(tmp_path / "shop.ini"), "redis").values()) == [True]


def test_one_is_started_for_the_stage_of_a_shop_that_needs_none(tmp_path: Path) -> None:
    url = f"redis://localhost:{free_port()}/0"
    out, err = start(tmp_path, url, "main").communicate(timeout=60)
    assert out == "served\n"
    assert "A Redis of the shop's own listens" in err
    # and where it is not installed, the stage says how to get it to who goes there
    out, err = start(tmp_path, url, "main", PATH="/nowhere").communicate(timeout=60)
    assert (out, err) == ("served\n", "")


def test_where_redis_is_not_installed_a_line_says_how_to_get_it(tmp_path: Path) -> None:
    url = f"redis://localhost:{free_port()}/0"
    out, err = start(tmp_path, url, "side-by-side", PATH="/nowhere").communicate(timeout=60)
    assert out == "served\n"
    [line] = err.splitlines()
    assert "apt-get install redis-server" in line
    assert "STRATEGY=database" in line


@pytest.mark.parametrize("needed", [True, False])
def test_ctrl_c_is_no_error_however_the_command_ends(
    tmp_path: Path, redis_server: RedisServer, needed: bool
) -> None:
    """pserve --reload kills a worker that needs too long, and tells of it: make would say 247."""
    kill = "os.kill(os.getpid(), signal.SIGKILL)"
    slow = f"import os, signal, time; signal.signal(signal.SIGINT, lambda *_: {kill})"
    slow = f"{slow}; print('served', flush=True); time.sleep(600)"
    url = f"redis://127.0.0.1:{free_port()}/0" if needed else redis_server.url
    process = start(tmp_path, url, "redis", (sys.executable, "-c", slow))
    assert process.stdout
    assert process.stdout.readline() == "served\n"
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_what_ends_the_command_is_told_as_a_shell_tells_it(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    killed = (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    for command, status in ((killed, 137), ((sys.executable, "-c", "exit(3)"), 3)):
        process = start(tmp_path, redis_server.url, "redis", command)
        process.communicate(timeout=60)
        assert process.returncode == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_it_ends_with_the_command(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    process = start(tmp_path, f"redis://127.0.0.1:{port}/0", "redis", WAIT)
    assert process.stdout
    assert process.stdout.readline() == "served\n"
    assert listens("127.0.0.1", port)
    os.killpg(process.pid, number)
    process.communicate(timeout=60)
    assert process.returncode == (0 if number == signal.SIGINT else 128 + number)
    assert wait_until(lambda: not listens("127.0.0.1", port), 1)
    assert (tmp_path / "var" / "redis" / "redis.log").exists()
