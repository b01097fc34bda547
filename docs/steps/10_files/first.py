"""Sessions in files, a first try. The contract finds what is wrong with it."""

import json
from dataclasses import asdict
from pathlib import Path

from demoapp.sessions import STRATEGIES
from demoapp.sessions.factory import SessionFactory
from demoapp.sessions.interfaces import Delete, Record, Rotate, Store
from demoapp.sessions.settings import SessionSettings


# 1
class FirstTry(Store):
    def __init__(self, folder):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, request, key, lock=None):
        file = self._folder / key
        return Record(**json.loads(file.read_text())) if file.exists() else None

    def write(self, request, change):
        if isinstance(change, Rotate | Delete):
            self.delete(request, change.old.key)
        if not isinstance(change, Delete):
            (self._folder / change.new.key).write_text(json.dumps(asdict(change.new)))

    def delete(self, request, key):
        (self._folder / key).unlink(missing_ok=True)


# 2
def in_files(settings):
    ours = SessionSettings.read(settings, STRATEGIES)
    return SessionFactory(FirstTry(Path("var/sessions")), ours)
