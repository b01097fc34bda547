"""For console scripts: a terminal that cannot show every letter is no reason to end in an error."""

import io
import os
import sys


def prepare() -> None:
    """What has been done can be said everywhere: a letter that is not there is \\uXXXX."""
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
