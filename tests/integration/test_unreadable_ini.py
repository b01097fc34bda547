"""What a command says of an ini file that cannot be read, or that names what is not there (P4)."""

import codecs
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyramid.paster import get_appsettings

from demoapp.lessons.strategies import compare
from demoapp.scripts import init, port, sessions, with_redis
from tests.integration.conftest import DEVELOPMENT
from tests.processes import free_port

TEXT = DEVELOPMENT.read_text(encoding="utf-8")
URL = "session.redis.url = redis://shop:tea%40house@localhost:6379/0\n"
WITH_PERCENT = TEXT.replace("session.redis.url = redis://localhost:6379/0\n", URL)
DOUBLED = WITH_PERCENT.replace("%40", "%%40")
USE = "use = egg:demoapp"
SERVER = "use = call:demoapp.front.serving:make_server"
OF_THE_APP: dict[str, Callable[[str], None]] = {
    "init": lambda ini: init.main([ini]),
    "sessions": lambda ini: sessions.main([ini, "count"]),
    "compare": lambda ini: compare.main([ini]),
    "with_redis": lambda ini: with_redis.main(ini, "main", "true"),
}
COMMANDS = {**OF_THE_APP, "port": port.main}
IN_ALL = {
    "a byte order mark": (codecs.BOM_UTF8 + TEXT.encode(), "byte order mark"),
    "UTF-16": (TEXT.encode("utf-16"), "not a text in UTF-8"),
    "Latin-1": (TEXT.encode() + "# café".encode("latin-1"), "not a text in UTF-8"),
    "no ini": (b"hello", "no section headers"),
    "a section twice": (TEXT.encode() + b"[app:main]\n", "section 'app:main' already exists"),
    "a key twice": (
        TEXT.replace("threads", "listen").encode(),
        "'listen' in section 'server:main'",
    ),
    "a lone %": (
        TEXT.replace("[app:main]", "x = house%40\n[app:main]").encode(),
        "[DEFAULT] x: write %% for each %",
    ),
}
IN_THE_APP = {
    "empty": ("", "No section 'main'"),
    "a lone %": (WITH_PERCENT, "[app:main] session.redis.url: write %% for each %, as in %%40"),
    "a variable": (TEXT.replace("here", "hier"), "[app:main] sqlalchemy.url: a %(name)s in it is"),
    "an egg": (TEXT.replace(USE, "use = egg:nowhere"), "nowhere"),
    "an entry point": (TEXT.replace(USE, f"{USE}#nowhere"), "Entry point 'nowhere' not found"),
    "a module": (TEXT.replace(USE, "use = call:nowhere:app"), "No module named 'nowhere'"),
    "a function": (TEXT.replace(USE, "use = call:demoapp:app"), "no attribute 'app'"),
    "a file": (TEXT.replace(USE, "use = config:nowhere.ini"), "No such file or directory"),
    "a section": (TEXT.replace(USE, "use = nowhere"), "No section 'nowhere'"),
    "a filter": (TEXT.replace(USE, f"{USE}\nfilter-with = proxy"), "No section 'proxy'"),
    "nothing": (TEXT.replace(USE, ""), "No loader given in section 'app:main'"),
}


def ini_of(folder: Path, content: bytes | str) -> str:
    path = folder / "shop.ini"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
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
    assert "house" not in line  # it would be a password
    return line


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("wrong", IN_ALL)
def test_what_cannot_be_read_is_told_in_a_line_P4(
    wrong: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, told = IN_ALL[wrong]
    assert told in refusal(COMMANDS[command], ini_of(tmp_path, content), capsys)


@pytest.mark.parametrize("command", OF_THE_APP)
@pytest.mark.parametrize("wrong", IN_THE_APP)
def test_what_an_application_names_in_vain_is_told_in_a_line_P4(
    wrong: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, told = IN_THE_APP[wrong]
    assert told in refusal(OF_THE_APP[command], ini_of(tmp_path, content), capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_file_is_told_in_a_line_P4(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder := tmp_path / "shop.ini").mkdir()
    assert f"{folder}: Is a directory" in refusal(COMMANDS[command], str(folder), capsys)
    none = f"{tmp_path}/none.ini"
    assert f"{none}: No such file or directory" in refusal(COMMANDS[command], none, capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_is_none_of_an_ini_file_is_told_in_a_line_P4(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "#1").mkdir()
    for name in ("shop.conf", "#1/shop.ini"):
        (ini := tmp_path / name).write_text(TEXT)
        line = refusal(COMMANDS[command], str(ini), capsys)
        assert line.endswith(f"{name}: its name does not end in .ini, or there is a # in its path")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[app:main]\n", "it has no [server:main]"),
        (TEXT.replace("threads = 8", "threads = 8%"), "[server:main] threads: write %% for each"),
        (TEXT.replace("http_port = 6543", ""), "[server:main] listen: a %(name)s in it is not set"),
    ],
)
def test_where_the_shop_cannot_be_is_told_in_a_line_P4(
    content: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in refusal(port.main, ini_of(tmp_path, content), capsys)


@pytest.mark.parametrize("command", ["init", "with_redis", "compare"])
def test_a_folder_that_cannot_be_made_is_told_in_a_line_P1(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "var").write_text("not a folder")
    monkeypatch.setattr(compare, "compare", lambda settings: {"strategies": {}})  # it takes long
    with pytest.raises(SystemExit):
        COMMANDS[command](ini_of(tmp_path, TEXT.replace("6379", str(free_port()))))
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"demoapp: {tmp_path}/var")


def test_line_ends_of_windows_are_no_matter_P4(tmp_path: Path) -> None:
    ini = ini_of(tmp_path, TEXT.replace("\n", "\r\n"))
    assert get_appsettings(ini) == get_appsettings(ini_of(tmp_path, TEXT))


def test_a_folder_with_a_percent_sign_is_told_in_a_line_P6(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "100%"
    folder.mkdir()
    line = refusal(COMMANDS["init"], ini_of(folder, TEXT), capsys)
    assert "the path of its folder has a %" in line


def told_by(*command: str) -> list[str]:
    """What a program that reads the file before us says of it."""
    run = [sys.executable, "-m", *command]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    return done.stderr.splitlines()


def test_alembic_tells_it_as_well_P4(tmp_path: Path) -> None:
    ini = ini_of(tmp_path, WITH_PERCENT)
    line = f"demoapp: {ini}: [app:main] session.redis.url: write %% for each %, as in %%40"
    assert told_by("alembic", "-c", ini, "current") == [line]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (WITH_PERCENT, "SHOP: [app:main] session.redis.url: write %% for each %, as in %%40"),
        (TEXT.replace(SERVER, "use = call:nowhere:serve"), "No module named 'nowhere'"),
        (TEXT.replace("[server:main]", "[server]"), "No section 'main' (prefixed by 'server') f"),
    ],
)
def test_pserve_tells_it_as_well_P4(content: str, told: str, tmp_path: Path) -> None:
    ini = ini_of(tmp_path, content)
    [line] = told_by("pyramid.scripts.pserve", ini)
    assert line.startswith(f"demoapp: {told.replace('SHOP', ini)}")


def test_an_error_of_the_shop_keeps_its_traceback(tmp_path: Path) -> None:
    ini = ini_of(
        tmp_path, TEXT.replace("[app:main]", "[app:main]\npyramid.includes = demoapp:nope")
    )
    assert "Traceback (most recent call last):" in told_by("pyramid.scripts.pserve", ini)


def test_what_the_line_advises_is_right_P4(tmp_path: Path) -> None:
    settings = get_appsettings(ini_of(tmp_path, DOUBLED))
    assert settings["session.redis.url"] == "redis://shop:tea%40house@localhost:6379/0"
