"""`demoapp-sessions INI ...`: look at the sessions that are stored, end them, clear them away."""

import argparse
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pyramid.paster import bootstrap
from sqlalchemy.exc import SQLAlchemyError

from demoapp.scripts import terminal
from demoapp.sessions.ini import SettingsError
from demoapp.sessions.interfaces import ISessionStore, SessionError, Store
from demoapp.sessions.settings import SessionSettings
from demoapp.settings import WrongSettings, app_settings
from demoapp.shop.models import User
from demoapp.shop.security import end_everywhere, named, sessions_of

ELSEWHERE = {
    "memory": "they are inside the shop's own process and cannot be seen from outside",
    "custom": "they are where session.custom.factory keeps them, by default in the browsers, "
    "and cannot be seen from here",
}
BY_THEMSELVES = {
    "redis": "nothing to do; Redis drops each session when its time is over",
    "memory": "nothing to do; each process drops what has expired",
    "custom": "nothing to do here; " + ELSEWHERE["custom"],
}
CRON = "17 * * * *  demoapp-sessions /srv/teahouse/production.ini purge"


def main(argv: list[str] | None = None) -> None:
    terminal.prepare()
    options = parser().parse_args(argv)
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)  # it is none of the shop's processes
    logging.basicConfig(handlers=[logging.NullHandler()])  # what went wrong is told once, below
    try:
        app_settings(options.ini, options.name)  # what is wrong there, bootstrap would not say
        with bootstrap(f"{options.ini}#{options.name}") as env:
            options.run(env["request"], options)
    except WrongSettings:
        raise SystemExit(1) from None  # the shop has said it already
    except (SessionError, SQLAlchemyError, LookupError, SettingsError) as err:
        reason = str(getattr(err, "orig", None) or err).strip().partition("\n")[0]
        raise SystemExit(f"demoapp-sessions: {reason}") from err
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="demoapp-sessions", description=__doc__, epilog=f"A line for cron: {CRON}"
    )
    top.add_argument("ini", metavar="INI", help="the ini file, such as production.ini")
    top.add_argument("-n", dest="name", default="main", help="the [app:NAME] in it (main)")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, told: str, user: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=told, description=told)
        sub.set_defaults(run=run)
        if user:
            sub.add_argument("user", metavar="USER", type=terminal.typed)
        return sub

    command("count", count, "how many sessions are stored", user=False)
    command("list", show, "the sessions of a user, the latest first")
    ended = command("revoke", revoke, "end one session of a user, or all")
    which = ended.add_mutually_exclusive_group(required=True)
    which.add_argument("handle", metavar="HANDLE", nargs="?", help="as `list` shows it")
    which.add_argument("--all", action="store_true", help="every one, on every strategy")
    clear = command("purge", purge, "delete what has expired, beside a running shop", user=False)
    clear.add_argument(
        "--batch", type=positive, default=1000, metavar="ROWS", help="at most (1000)"
    )
    command("disable", disable, "log a user out everywhere, and let them in no more")
    command("enable", enable, "let a disabled user log in again")
    return top


def positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("it is a whole number of at least 1")
    return int(text)


def store_of(request: Any) -> Store:
    """The store; a LookupError where a command line cannot see it."""
    strategy = request.registry.settings["session.strategy"]
    if strategy in ELSEWHERE:
        raise LookupError(f"session.strategy = {strategy}: {ELSEWHERE[strategy]}")
    store: Store = request.registry.getUtility(ISessionStore)
    return store


@contextmanager
def transaction(request: Any) -> Iterator[None]:
    request.environ["tm.active"] = True  # as pyramid_tm does, for the store to take part
    with request.tm:
        yield


def user_of(request: Any, name: str) -> User:
    user = named(request.dbsession, name)
    if user is None:
        raise LookupError(f"there is no user {name}")
    return user


def count(request: Any, options: Any) -> None:
    store, found = store_of(request), 0
    for found, total in store.count(request):
        terminal.show(found, total, f"{found} sessions")
    terminal.end()
    _, over = next(store.purge(request, 1))  # asked no further, it deletes nothing
    told = "1 session" if found == 1 else f"{found} sessions"
    print(told + (f", {over} of them expired: purge deletes them" if over else ""))


def show(request: Any, options: Any) -> None:
    store_of(request)
    with transaction(request):
        records = sessions_of(request, user_of(request, options.user))
    for record in records:
        seen, since = moment(record.last_seen), moment(record.created)
        print(f"{record.handle}  seen {seen}  since {since}  {record.device}")
    if not records:
        print(f"{options.user} has no session")


def moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"


def revoke(request: Any, options: Any) -> None:
    with transaction(request):
        user = user_of(request, options.user)
        if options.all:
            end_everywhere(request, user)
        else:
            end_one(request, user, options.handle)
    which = "Every session" if options.all else "That session"
    print(f"{which} of {options.user} ends with its next request.")


def end_one(request: Any, user: User, handle: str) -> None:
    store = store_of(request)
    for record in sessions_of(request, user):
        if record.handle == handle:
            store.end(request, record.key)
            return
    raise LookupError(f"{user.username} has no session {handle}")


def disable(request: Any, options: Any) -> None:
    with transaction(request):
        user = user_of(request, options.user)
        user.active = False
        end_everywhere(request, user)
    print(f"{options.user} is disabled; every session ends with its next request.")


def enable(request: Any, options: Any) -> None:
    with transaction(request):
        user_of(request, options.user).active = True
    print(f"{options.user} may log in again.")


def purge(request: Any, options: Any) -> None:
    settings: SessionSettings = request.registry["session.settings"]
    if settings.strategy in BY_THEMSELVES and settings.migrate_from != "database":
        print(f"session.strategy = {settings.strategy}: {BY_THEMSELVES[settings.strategy]}")
        return
    begun, deleted = time.monotonic(), 0
    with interruptible() as stopped:
        for deleted, total in store_of(request).purge(request, options.batch):
            terminal.show(deleted, total, f"{deleted} of {total}")
            if stopped:
                break
    terminal.end()
    print(f"{deleted} expired sessions deleted in {time.monotonic() - begun:.1f} s")
    if stopped:
        raise SystemExit("demoapp-sessions: stopped; what is left is deleted the next time")


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM fill the list, so that a batch may end; a second one ends at once."""
    stopped: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: Any) -> None:
        stopped.append(number)
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, note)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    main()
