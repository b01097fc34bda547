"""Compiled page templates, kept in var/templates/ beside the ini file.

To compile them all takes about two seconds, which the first visitors after every restart had to
wait for. Chameleon names a compiled template by a digest of its text and of every package's
version, so a template that has changed is another one, and what is kept is never out of date.

What is in there is run. So a folder that somebody else may write to is not read; then, or where
there is no ini file or no place to write, templates are compiled as ever.
"""

import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from chameleon.loader import MemoryLoader, ModuleLoader

log = logging.getLogger(__name__)

MONTH = 30 * 86400


class Kept(ModuleLoader):
    """Chameleon's; but on a full disk it is compiled for this process at least."""

    def build(self, source: str, filename: str) -> Any:
        with suppress(OSError):
            return super().build(source, filename)
        return MemoryLoader().build(source, filename)


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
    return {"loader": Kept(str(folder))}


def forget_old(folder: Path) -> None:
    """After a month: some are of templates that have changed since, and all are cheap to make."""
    for path in folder.rglob("*.py*"):
        with suppress(OSError):  # another process was faster
            if path.stat().st_mtime < time.time() - MONTH:
                path.unlink()
