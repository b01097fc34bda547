"""For console scripts: letters that a terminal cannot show, and how far the work has come."""

import io
import os
import sys

WIDTH = 30
"""Characters of the progress bar."""


def prepare() -> None:
    """What has been done can be said everywhere, and is no reason to end in an error: a letter that
    is not there is \\uXXXX.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # or a test has put its own there
            stream.reconfigure(errors="backslashreplace")


def typed(argument: str) -> str:
    """A word of the command line; one that the locale cannot read is UTF-8, if it can be."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return os.fsencode(argument).decode(errors="backslashreplace")
    return argument


def show(done: int, total: int, what: str = "") -> None:
    """Draw a progress bar on a terminal; write nothing into the mail of a cron job."""
    if not sys.stderr.isatty():
        return
    share = done / total if total else 1.0
    bar = "#" * int(WIDTH * share)
    print(f"\r[{bar:.<{WIDTH}}] {share:4.0%} {what}", end="", file=sys.stderr, flush=True)


def end() -> None:
    """Go on with a line of its own."""
    if sys.stderr.isatty():
        print(file=sys.stderr)
