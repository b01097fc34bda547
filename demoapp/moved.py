"""Dotted names that ini files have used before, and what they are now.

Who starts the shop with such a file is told the new name in one line. The names are not kept
alive: a file that says where a thing was would lead its next reader astray.
"""

import sys
from importlib.abc import MetaPathFinder
from typing import Any

from demoapp.sessions.ini import SettingsError
from demoapp.settings import told_in_a_line

NAMES = {
    "demoapp.serving": "demoapp.front.serving",
    "demoapp.proxy": "demoapp.front.proxy",
    "demoapp.logs": "demoapp.front.logs",
    "demoapp.metrics": "demoapp.front.metrics",
    "demoapp.sidebyside": "demoapp.lessons.stage",
}


class OldNames(MetaPathFinder):
    """Asked by Python for what is found nowhere else."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if new := NAMES.get(fullname):
            with told_in_a_line():
                raise SettingsError(f"{fullname} is {new} now; write that in the ini file")


sys.meta_path.append(OldNames())
