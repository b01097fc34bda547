"""Sessions in files: a store with three methods. Its folder is for the application alone."""

import fcntl
import json
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from demoapp.sessions import STRATEGIES
from demoapp.sessions.factory import SessionFactory
from demoapp.sessions.interfaces import (
    CorruptRecord,
    Create,
    Delete,
    Ended,
    Record,
    Rotate,
    SessionStoreUnavailable,
    Store,
    Touch,
    Update,
    believed,
    compare,
)
from demoapp.sessions.settings import SessionSettings


class FileStore(Store):
    def __init__(self, folder):
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    # 1
    def load(self, request, key, lock=None):
        try:
            fields = json.loads((self._folder / key).read_text())
            return believed(Ended(**fields) if "until" in fields else Record(**fields))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError) as err:
            raise CorruptRecord(str(err)) from err

    # 2
    def write(self, request, change):
        with self._alone():
            stored = None if isinstance(change, Create) else self.load(request, change.old.key)
            compare(change, stored)
            if isinstance(change, Create | Update | Rotate):
                self._put(change.new)
            if isinstance(change, Rotate | Delete):
                self._put(change.ended)
            if isinstance(change, Touch) and isinstance(stored, Record):
                self._put(replace(stored, last_seen=change.new.last_seen))

    def delete(self, request, key):
        with self._alone():
            (self._folder / key).unlink(missing_ok=True)

    @contextmanager
    def _alone(self):
        try:
            with (self._folder / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the file, and with the process
                yield
        except OSError as err:  # the disk is full, for example
            raise SessionStoreUnavailable(str(err)) from err

    def _put(self, what):
        new = self._folder / "new"
        new.write_text(json.dumps(asdict(what)))
        new.replace(self._folder / what.key)  # in one step: nobody reads half a file


def in_files(settings):
    return SessionFactory(
        FileStore(Path("var/sessions")), SessionSettings.read(settings, STRATEGIES)
    )
