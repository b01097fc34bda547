"""Exercise 10. The store of chapter 10 keeps what is over. Give it a `purge`."""

from importlib import import_module
from pathlib import Path

from demoapp.sessions import STRATEGIES
from demoapp.sessions.factory import SessionFactory
from demoapp.sessions.settings import SessionSettings

FileStore = import_module("docs.steps.10_files.store").FileStore


class TidyStore(FileStore):
    def __init__(self, folder, idle_timeout):
        super().__init__(folder)
        self._idle_timeout = idle_timeout


def in_files(settings):
    ours = SessionSettings.read(settings, STRATEGIES)
    return SessionFactory(TidyStore(Path("var/sessions"), ours.idle_timeout), ours)
