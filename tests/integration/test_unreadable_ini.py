"""An ini file with a % that stands alone, or that an editor saved with a byte order mark."""

import codecs
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyramid.paster import get_appsettings

from demoapp.lessons.strategies import compare
from demoapp.scripts import init, port, sessions
from tests.integration.conftest import DEVELOPMENT

TEXT = DEVELOPMENT.read_text(encoding="utf-8")
URL = "session.redis.url = redis://shop:tea%40house@localhost:6379/0\n"
WITH_PERCENT = TEXT.replace("session.redis.url = redis://localhost:6379/0\n", URL)
DOUBLED = WITH_PERCENT.replace("%40", "%%40")
COMMANDS: dict[str, Callable[[str], None]] = {
    "init": lambda ini: init.main([ini]),
    "sessions": lambda ini: sessions.main([ini, "count"]),
    "compare": lambda ini: compare.main([ini]),
}


def ini_of(folder: Path, content: bytes) -> str:
    path = folder / "shop.ini"
    path.write_bytes(content)
    return str(path)


def refusal(command: Callable[[str], None], ini: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Its one line; what SystemExit holds, Python prints."""
    with pytest.raises(SystemExit) as exit_:
        command(ini)
    said = capsys.readouterr()
    [line] = (said.err or str(exit_.value)).splitlines()
    assert exit_.value.code not in (0, None)
    assert said.out == ""
    assert ini in line
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_a_lone_percent_sign_is_told_in_a_line_without_the_password_P4(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refusal(COMMANDS[command], ini_of(tmp_path, WITH_PERCENT.encode()), capsys)
    assert "[app:main] session.redis.url: write %% for each %, as in %%40" in line
    assert "house" not in line


@pytest.mark.parametrize("command", [*COMMANDS, "port"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (codecs.BOM_UTF8 + TEXT.encode(), "byte order mark"),
        (TEXT.encode("utf-16"), "not a text in UTF-8"),
    ],
)
def test_another_encoding_is_told_in_a_line_P4(
    content: bytes, told: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = {**COMMANDS, "port": port.main}[command]
    assert told in refusal(run, ini_of(tmp_path, content), capsys)


def test_a_folder_with_a_percent_sign_is_told_in_a_line_P6(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "100%"
    folder.mkdir()
    line = refusal(COMMANDS["init"], ini_of(folder, TEXT.encode()), capsys)
    assert "the path of its folder has a %" in line


@pytest.mark.parametrize(
    "command",
    [("-m", "pyramid.scripts.pserve"), ("-m", "alembic", "-c")],
    ids=["pserve", "alembic"],
)
def test_who_reads_the_ini_before_us_tells_it_as_well_P4(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    ini = ini_of(tmp_path, WITH_PERCENT.encode())
    last = ["current"] if "alembic" in command else []
    done = subprocess.run(
        [sys.executable, *command, ini, *last], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert line == f"demoapp: {ini}: [app:main] session.redis.url: write %% for each %, as in %%40"


def test_what_the_line_advises_is_right_P4(tmp_path: Path) -> None:
    settings = get_appsettings(ini_of(tmp_path, DOUBLED.encode()))
    assert settings["session.redis.url"] == "redis://shop:tea%40house@localhost:6379/0"
