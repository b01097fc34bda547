"""`make serve`, as someone types it who has just installed the project."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demoapp.scripts.with_redis import listens
from tests.integration.client import Client
from tests.integration.conftest import ROOT
from tests.processes import free_port, process_state, wait_until
from tests.shops import STRATEGIES

MAKE = ("env", "--default-signal=INT", "make", "serve")
"""A process in the background would ignore Ctrl-C, and make with it."""


class Project:
    """A copy of the project's folder that has its virtual environment, and nothing in var/."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.redis_port = free_port(), free_port()
        for name in ("demoapp", "scripts", "Makefile", "pyproject.toml", "constraints.txt"):
            (folder / name).symlink_to(ROOT / name)
        ini = (ROOT / "development.ini").read_text()
        assert "http_port = 6543" in ini
        ini = ini.replace("http_port = 6543", f"http_port = {self.port}")
        ini = ini.replace("localhost:6379", f"localhost:{self.redis_port}")
        (folder / "development.ini").write_text(ini)
        (folder / ".venv").mkdir()
        for name in ("bin", "lib", "pyvenv.cfg"):
            (folder / ".venv" / name).symlink_to(Path(sys.prefix, name))
        (folder / ".venv/.installed").touch()  # newer than pyproject.toml: nothing to install

    def make_serve(self, *arguments: str) -> subprocess.Popen[str]:
        own = {"PYTHONUNBUFFERED": "1"}
        outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # of the `make test` around us
        env = {key: value for key, value in os.environ.items() if key not in outer} | own
        return subprocess.Popen(
            [*MAKE, *arguments],
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    if shutil.which("make") is None:
        raise RuntimeError("make is missing")
    yield Project(tmp_path)


def members(group: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            number = int((entry / "stat").read_text().rpartition(")")[2].split()[2])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if number == group and process_state(int(entry.name)):
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    ("number", "strategy"), [(signal.SIGINT, "main"), (signal.SIGTERM, "redis")]
)
def test_make_serve_serves_until_it_is_stopped(
    project: Project, number: signal.Signals, strategy: str
) -> None:
    process = project.make_serve(f"STRATEGY={strategy}")
    base_url = f"http://localhost:{project.port}"

    def answers() -> bool:
        with Client(base_url) as client:
            try:
                return client.get("/healthz").status == 200
            except OSError:
                return process.poll() is not None

    try:
        assert wait_until(answers, 30)
        assert process.poll() is None, process.stdout and process.stdout.read()
        with Client(base_url).open() as visitor:
            assert visitor.add().status == 303
            assert visitor.log_in().status == 303
            state = visitor.state()
            stage = visitor.get("/stage").text
        assert (state["user"], state["cart"]["quantity"]) == ("demo", 1)
        assert state["strategy"] == ("memory" if strategy == "main" else strategy)
        assert len(members(process.pid)) >= 3  # make, pserve, and the worker it watches
        os.killpg(process.pid, number)  # what the terminal does at Ctrl-C
        told, _ = process.communicate(timeout=15)
    finally:
        if left := members(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    assert left == []
    assert not listens("localhost", project.redis_port)
    assert (project.folder / "var" / "redis").exists()  # for the stage, whatever the strategy
    assert re.findall(r'id="shop-(\w+)".*\s+data-state="none"', stage) == list(STRATEGIES)
    assert f"The shop will be at {base_url}" in told
    assert "Traceback" not in told
    assert "warn" not in told.lower()
    if number == signal.SIGINT:
        assert "Error" not in told


def test_make_serve_serves_all_four_side_by_side(project: Project) -> None:
    """As the ini file has them: a PasteDeploy composite, whose front page is the stage."""
    process = project.make_serve("STRATEGY=side-by-side")
    client = Client(f"http://localhost:{project.port}")

    def page(path: str) -> str:
        with client:
            try:
                return client.get(path).text
            except OSError:
                return ""

    try:
        assert wait_until(lambda: bool(page("/")) or process.poll() is not None, 30)
        assert all(f'id="shop-{name}"' in page("/") for name in STRATEGIES)
        for name in STRATEGIES:
            assert f"session.strategy = {name}" in page(f"/{name}/session")
        assert "ready" in page("/redis/readyz")  # on a Redis of its own
        os.killpg(process.pid, signal.SIGINT)
        told, _ = process.communicate(timeout=15)
    finally:
        if members(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    assert f"A Redis of the shop's own listens at localhost:{project.redis_port}" in told
    assert "Traceback" not in told
    assert not listens("localhost", project.redis_port)


def test_a_taken_port_is_told_with_what_to_do(project: Project) -> None:
    with socket.create_server(("127.0.0.1", project.port)):
        told, _ = project.make_serve().communicate(timeout=30)
    mine, of_make = told.splitlines()
    assert f"Port {project.port} cannot be used" in mine
    assert "http_port in the ini file" in mine
    assert of_make.startswith("make: ***")
    assert not (project.folder / "var").exists()


def test_an_unknown_strategy_is_told_in_one_line(project: Project) -> None:
    process = project.make_serve("STRATEGY=bogus")
    [line] = process.communicate(timeout=30)[0].splitlines()
    assert "memory redis database custom" in line
    assert process.returncode == 2
