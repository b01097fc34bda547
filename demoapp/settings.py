"""What the ini file says: values from the environment, and what production refuses.

`${NAME}` in a value stands for the environment variable NAME, so that secrets stay out of
files. The `session.*` keys are read by demoapp.sessions.settings.
"""

import codecs
import configparser
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from typing import Any

import plaster
from pyramid.paster import get_appsettings
from pyramid.settings import asbool

from demoapp.sessions.ini import Ini, SettingsError

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_DEBUGGING = re.compile(r"pyramid\.(debug|reload)_\w+")
DEFAULTS = {
    # a transaction of its own for each request, not one that stays with the thread
    "tm.manager_hook": "pyramid_tm.explicit_manager",
    # or every request would ask for its user, and outside of all that answers errors
    "tm.annotate_user": "false",
}
UNREADABLE = (
    *(configparser.Error, UnicodeDecodeError, OSError, plaster.PlasterError),
    *(LookupError, ImportError, AttributeError),  # a section, or what is named after `use =`
)
_KNOWN = re.compile(r"for-development-only|change-?me|secret-?secret|seekrit", re.IGNORECASE)


class WrongSettings(SettingsError, SystemExit):
    """Ends the process, with a line for who starts it. In gunicorn, whose workers would else be
    started again for ever, the exit status ends all of it (WORKER_BOOT_ERROR).
    """

    def __init__(self, err: SettingsError) -> None:
        super().__init__(f"demoapp: {err}")
        self.code = 3


def app_settings(ini: str, name: str = "main") -> dict[str, Any]:
    """What [app:NAME] of the ini file says, as it is there. Raises SettingsError."""
    with readable(ini):
        found: dict[str, Any] = get_appsettings(ini, name)
    return found


@contextmanager
def readable(ini: str) -> Iterator[None]:
    """Whatever is wrong with the ini file, or with what it names, becomes a SettingsError."""
    try:
        yield
    except UNREADABLE as err:
        raise SettingsError(f"{ini}: {unreadable(err, Path(ini))}") from err


def unreadable(err: Exception, ini: Path) -> str:
    """Why an ini file cannot be read. The value is not repeated: it may be a password."""
    if isinstance(err, configparser.InterpolationError):
        if "%" in str(ini.resolve().parent):
            return "the path of its folder has a %, which %(here)s cannot stand for; rename it"
        if isinstance(err, configparser.InterpolationMissingOptionError):
            return f"[{err.section}] {err.option}: a %(name)s in it is not set; a % alone is %%"
        return f"[{err.section}] {err.option}: write %% for each %, as in %%40"
    if isinstance(err, plaster.PlasterError):
        return "its name does not end in .ini, or there is a # in its path"
    if isinstance(err, UnicodeDecodeError):
        return "it is not a text in UTF-8"
    if isinstance(err, OSError):
        other = err.filename if Path(err.filename or ini).absolute() != ini.absolute() else ""
        return f"{err.strerror}: {other}" if other else str(err.strerror)
    if ini.is_file() and ini.read_bytes().startswith(codecs.BOM_UTF8):
        return "it begins with a byte order mark; save it as UTF-8 without one"
    return str(err).partition("\n")[0]


def tell_pserve() -> None:
    """pserve reads the ini file itself, and would print a traceback that may hold a password.

    An error on PasteDeploy's way to the application is for who wrote the file; any other keeps its
    traceback.
    """
    before = sys.excepthook

    def told(kind: type[BaseException], err: BaseException, traceback: Any) -> None:
        names = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(traceback))
        passed = {name.partition(".")[0] for name in names}
        if isinstance(err, UNREADABLE) and "paste" in passed and "demoapp" not in passed:
            ini = ""
            if isinstance(err, configparser.InterpolationError):  # so PasteDeploy begins it
                ini = str(err).removeprefix("Error in file ").partition(": ")[0]
            line = ": ".join(filter(None, ("demoapp", ini, unreadable(err, Path(ini)))))
            print(line, file=sys.stderr)
        else:
            before(kind, err, traceback)

    sys.excepthook = told


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """What is wrong in the ini file, or with a file that is needed, on stderr."""
    try:
        yield
    except (SettingsError, OSError) as err:
        if isinstance(err, OSError):
            if not err.filename:
                raise
            err = SettingsError(f"{err.filename}: {err.strerror}")
        wrong = WrongSettings(err)
        print(wrong, file=sys.stderr)
        raise wrong from None


def resolve(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with `${NAME}` replaced; raises SettingsError for a variable that is not set."""
    return {
        key: _resolved(key, value) if isinstance(value, str) else value
        for key, value in settings.items()
    }


def _resolved(key: str, value: str) -> str:
    def variable(found: re.Match[str]) -> str:
        if not os.environ.get(found[1]):
            raise SettingsError(f"{key} needs the environment variable {found[1]}")
        return os.environ[found[1]]

    return _VARIABLE.sub(variable, value)


def teaches(settings: Mapping[str, Any]) -> bool:
    """Whether this is a demonstration: labs, the raw inspector, and the accounts to try."""
    return Ini(settings).flag("demo.labs", default=False)


def includeme(config: Any) -> None:
    """Refuse to start as production (`demo.labs = false`) with what is fit for development only."""
    settings = config.registry.settings
    if teaches(settings):
        return
    _refuse_known_secret(Ini(settings).text("session.secret"))
    _refuse_debugging(settings)
    if not Ini(settings).text("demo.hosts", ""):
        raise SettingsError("demo.hosts is not set; list the names of the shop, as in its URL")
    workers = _workers(config.registry.get("ini_file"))
    if settings.get("session.strategy") == "memory" and workers != "1":
        raise SettingsError(
            f"session.strategy = memory cannot work in {workers} processes (workers): "
            "each would know its own visitors only; choose redis or database"
        )


def _workers(ini_file: str | None) -> str:
    """How many processes gunicorn starts; waitress knows no such setting, and has one."""
    server = plaster.get_settings(ini_file, "server:main") if ini_file else {}
    workers = resolve({"workers": server.get("workers")})["workers"]
    return str(workers or os.environ.get("WEB_CONCURRENCY") or "1").strip()


def _refuse_known_secret(secrets: str) -> None:
    for secret in secrets.split():
        if _KNOWN.search(secret) or len(set(secret)) < 10:
            # not repeated here: it would be in the log
            raise SettingsError("session.secret is a known or guessable one; make your own")


def _refuse_debugging(settings: Mapping[str, Any]) -> None:
    for key in sorted(settings):
        if _DEBUGGING.fullmatch(key) and asbool(settings[key]):
            raise SettingsError(f"{key} = true is for development; remove it")
    if "pyramid_debugtoolbar" in str(settings.get("pyramid.includes", "")):
        raise SettingsError("pyramid.includes names pyramid_debugtoolbar; it is for development")
