"""Compiled page templates, kept in var/templates/ beside the ini file.

To compile them all takes about two seconds, which the first visitors after every restart had to
wait for. Chameleon names a compiled template by a digest of its text and of every package's
version, so a template that has changed is another one, and what is kept is never out of date.

What is in there is run. So a folder that somebody else may write to is not read; then, or where
there is no ini file or no place to write, templates are compiled as ever.
"""

import logging
import marshal
import os
import secrets
import time
from contextlib import suppress
from hashlib import sha256
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType
from typing import Any

log = logging.getLogger(__name__)

MONTH = 30 * 86400
DIGEST = 32
"""Bytes of SHA-256 before the code: half a file, as after a loss of power, is found out."""


class Kept:
    """In the place of Chameleon's loader: `get` a template that is there, or `build` it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> dict[str, Any] | None:
        try:
            kept = self._path(name).read_bytes()
        except OSError:
            return None
        digest, code = kept[:DIGEST], kept[DIGEST:]
        return run(marshal.loads(code)) if sha256(code).digest() == digest else None  # noqa: S302

    def build(self, source: str, name: str) -> dict[str, Any]:
        code = compile(source, name, "exec")
        with suppress(OSError):  # such as a full disk: it is in this process at least
            self._write(self._path(name), marshal.dumps(code))
        return run(code)

    def _path(self, name: str) -> Path:
        # what is compiled is for one version of Python
        return self._folder / f"{name}.{MAGIC_NUMBER.hex()}"

    def _write(self, path: Path, code: bytes) -> None:
        """Whole or not at all, whoever else is writing it."""
        new = path.with_name(f"{secrets.token_hex(8)}.new")
        new.write_bytes(sha256(code).digest() + code)
        new.replace(path)


def run(code: CodeType) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - what Chameleon has made of our own template
    return names


def kept_beside(ini_file: str | None) -> dict[str, Kept]:
    """What a template is told: `loader`, if there is a safe place to keep it in."""
    if not ini_file or "CHAMELEON_CACHE" in os.environ:  # which is Chameleon's own way
        return {}
    folder = Path(ini_file).resolve().parent / "var" / "templates"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022:
            log.warning("templates are compiled at every start: others may write to %s", folder)
            return {}
        forget_old(folder)
    except OSError:
        return {}
    return {"loader": Kept(folder)}


def forget_old(folder: Path) -> None:
    """Nobody knows which of them are of templates that have changed since; but all are cheap."""
    for path in folder.iterdir():
        with suppress(OSError):  # another process was faster
            if path.stat().st_mtime < time.time() - MONTH:
                path.unlink()
