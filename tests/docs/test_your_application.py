"""In an application you have (docs/en/your-application.md): its edits and commands, in their order.

The application is a copy of docs/steps/yours/before in a folder of its own, with an environment of
its own, in which the package of this project is installed as the page says.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from pyramid.config import Configurator
from webtest import TestApp

from demoapp.sessions.interfaces import SessionStoreUnavailable
from tests.processes import ManagedProcess, StartError, free_port
from tests.servers import PostgresServer, RedisServer
from tests.shops import SECRET

ROOT = Path(__file__).resolve().parents[2]
YOURS = ROOT / "docs/steps/yours"
PAGE = (ROOT / "docs/en/your-application.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\S+) ?([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SCRIPT = "#!{python}\nfrom sys import exit\nfrom {module} import {name}\nexit({name}())\n"
PROGRAMS = ("alembic", "pip", "pserve", "pshell", "pytest")
LEFT_OUT = (".*", "var", "build", "*.egg-info", "__pycache__", "tests", "*.sqlite")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An `env` that sees the packages of the tests, but not our own; and `tea-house` beside it."""
    folder = tmp_path_factory.mktemp("beside")
    ignore = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(ROOT, folder / "tea-house", symlinks=True, ignore=ignore)
    home = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    # the .pth files in that folder, and with them our sources, are not read
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    python = home / "bin/python"
    for program in PROGRAMS:
        [entry] = entry_points(group="console_scripts", name=program)
        script = home / "bin" / program
        script.write_text(SCRIPT.format(python=python, module=entry.module, name=entry.attr))
        script.chmod(0o755)
    return home


class Served(ManagedProcess):
    """`env/bin/pserve`, as it was typed."""

    name = "yours"

    def __init__(self, yours: "Yours", command: str) -> None:
        self._yours, self._typed = yours, command
        super().__init__()

    def _choose_ports(self) -> None:
        """The one that is in its ini file."""

    def _command(self) -> list[str | Path]:
        variables = [f"{name}={value}" for name, value in self._yours.variables.items()]
        return ["/usr/bin/env", "-i", *variables, *self._typed.split()]

    def _directory(self) -> Path:
        return self._yours.folder

    def _ready(self) -> bool:
        try:
            return bool(self._yours.get("/no-such-page"))
        except OSError:
            return False


class Yours:
    """The application, and the one who edits it and types the commands."""

    def __init__(self, folder: Path, environment: Path, words: dict[str, str]) -> None:
        self.folder = folder
        self._words = {"6543": str(free_port()), **words}
        self.port = int(self._words["6543"])
        self._cookie = ""
        shutil.copytree(YOURS / "before", folder)
        (folder / "env").symlink_to(environment)
        (folder.parent / "tea-house").symlink_to(environment.parent / "tea-house")
        for ini in folder.glob("*.ini"):
            ini.write_text(self._mine(ini.read_text()))
        self.variables = {
            "PATH": os.environ["PATH"],
            # what is needed is there, and no index is asked
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
        }

    def _mine(self, text: str) -> str:
        for word, mine in self._words.items():
            text = text.replace(word, mine)
        return text

    def edit(self, told: str, lines: str) -> None:
        """Put the lines with a plus into the files that the sentence before them names."""
        names = [name for name in re.findall(r"`([\w/.]+)`", told) if (self.folder / name).exists()]
        assert names, told
        typed = [line for line in lines.splitlines() if line]
        before, after = (
            "".join(f"{line[1:]}\n" for line in typed if line[0] in signs) for signs in (" -", " +")
        )
        for name in names:
            text = (self.folder / name).read_text()
            assert text.count(before) == 1, (name, before)
            (self.folder / name).write_text(text.replace(before, self._mine(after)))

    def add(self, told: str, included: str) -> None:
        source = (ROOT / "docs/en" / included).resolve()
        name = str(source.relative_to(YOURS / "added"))
        assert f"`{name}`" in told
        shutil.copy(source, self.folder / name)

    def run(self, command: str, typed: str = "") -> str:
        """What it says."""
        if export := re.match(r"export (\w+)=", command):
            command += f'; echo "${export[1]}"'
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.variables,
            input=typed,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        if export:
            self.variables[export[1]] = done.stdout.strip()
        return done.stdout

    def get(self, path: str) -> str:
        connection = HTTPConnection("localhost", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Cookie": self._cookie})
            answer = connection.getresponse()
            self._cookie = answer.getheader("Set-Cookie", self._cookie).partition(";")[0]
            return answer.read().decode()
        finally:
            connection.close()

    def serve(self, command: str, expected: list[str]) -> None:
        """The page is loaded once for each line that is shown."""
        server = Served(self, command)
        try:
            server.start()
        except StartError:
            assert server.log.splitlines()[-1:] == expected
        else:
            answers = [self.get("/").splitlines()[0] for _ in expected]
            assert answers == expected, server.log
        finally:
            server.close()


class Step(NamedTuple):
    section: str
    told: str
    """The paragraph before the block."""
    language: str
    lines: str
    shown: str
    """What the next block says is seen."""


def steps() -> Iterator[Step]:
    end, section = 0, ""
    for block, following in pairwise([*BLOCK.finditer(PAGE), None]):
        assert block
        told = PAGE[end : block.start()].strip()
        section = [section, *re.findall(r"^## (.*)", told, re.MULTILINE)][-1]
        shown = following[3] if following and following[1] in ("text", "pycon") else ""
        paragraph = told.rpartition("\n\n")[2]
        yield Step(section, paragraph, block[1], block[2] or block[3], shown)
        end = block.end()


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d+ ?s", "…", text)


def follow(yours: Yours, only_edits_in: Sequence[str] = ()) -> None:
    for step in steps():
        if step.language == "diff":
            yours.edit(step.told, step.lines)
        elif step.language == "{literalinclude}":
            yours.add(step.told, step.lines)
        elif step.language == "console" and step.section not in only_edits_in:
            *first, last = step.lines.replace("$ ", "", 1).split("\n$ ")
            for command in first:
                if "-m venv" not in command:  # it is there
                    yours.run(command)
            if "pserve" in last:
                yours.serve(last.strip(), step.shown.splitlines())
            else:
                see(yours, last.strip(), step.shown)


def see(yours: Yours, command: str, shown: str) -> None:
    typed = re.findall(r"^>>> (.*\n)", shown, re.MULTILINE)
    said = without_times(yours.run(command, "".join(typed)))
    for line in shown.splitlines():
        assert line.startswith(">>>") or without_times(line) in said, said


@pytest.fixture
def words(redis_server: RedisServer) -> dict[str, str]:
    """What is another here than on the page."""
    own = {"THE-OUTPUT-OF-THE-COMMAND": SECRET}
    return {**own, "redis://localhost:6379/0": redis_server.url}


def test_with_sqlite_and_redis(tmp_path: Path, environment: Path, words: dict[str, str]) -> None:
    yours = Yours(tmp_path / "yours", environment, words)
    follow(yours)
    # and when Redis is away
    ini = yours.folder / "production.ini"
    away = f"session.strategy = redis\nsession.redis.url = redis://localhost:{free_port()}/0"
    ini.write_text(ini.read_text().replace("session.strategy = database", away))
    yours.serve("env/bin/pserve production.ini", ["Please try again in a minute."])


@pytest.mark.parametrize("toolbar", [True, False])
def test_the_debug_toolbar_fails_when_redis_is_away(toolbar: bool) -> None:
    settings = {"session.strategy": "redis", "session.secret": SECRET}
    settings["session.redis.url"] = f"redis://localhost:{free_port()}/0"
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        if toolbar:
            config.include("pyramid_debugtoolbar")
        config.scan("docs.steps.yours.added.yours.views.errors")
        config.add_route("home", "/")
        config.add_view(lambda request: request.session["visits"], route_name="home")
    visitor = TestApp(config.make_wsgi_app(), extra_environ={"REMOTE_ADDR": "127.0.0.1"})
    visitor.set_cookie("session", "a" * 43)
    if toolbar:
        with pytest.raises(SessionStoreUnavailable):
            visitor.get("/")
    else:
        assert visitor.get("/", status=503).text == "Please try again in a minute."


def test_with_postgresql(
    tmp_path: Path, environment: Path, words: dict[str, str], postgres_server: PostgresServer
) -> None:
    for name in ("yours", "testing"):  # each ini file has its own
        url = postgres_server.create_database(f"{name}_{uuid4().hex}")
        words[f"sqlite:///%(here)s/{name}.sqlite"] = url
    seen = ("Two lines", "In Redis", "In production")
    follow(Yours(tmp_path / "yours", environment, words), only_edits_in=seen)
