"""Exercise 10. The store of chapter 10 with a `purge`."""

import json
import time
from importlib import import_module
from pathlib import Path

from demoapp.sessions import STRATEGIES
from demoapp.sessions.factory import SessionFactory
from demoapp.sessions.settings import CLOCK_SKEW, SessionSettings

FileStore = import_module("docs.steps.10_files.store").FileStore


class TidyStore(FileStore):
    def __init__(self, folder, idle_timeout):
        super().__init__(folder)
        self._idle_timeout = idle_timeout

    def purge(self, request, batch):
        over = [file for file in self._folder.iterdir() if self._is_over(file)]
        yield 0, len(over)
        for begin in range(0, len(over), batch):
            for file in over[begin : begin + batch]:
                self.delete(request, file.name)
            yield min(begin + batch, len(over)), len(over)

    def _is_over(self, file):
        try:
            fields = json.loads(file.read_text())
            ends = fields.get("until") or fields["last_seen"] + self._idle_timeout
        except (FileNotFoundError, ValueError):  # cleared away by another process; or the lock
            return False
        return time.time() > ends + CLOCK_SKEW  # clocks differ: only what is surely over


def in_files(settings):
    ours = SessionSettings.read(settings, STRATEGIES)
    return SessionFactory(TidyStore(Path("var/sessions"), ours.idle_timeout), ours)
