"""A progress bar for console scripts."""

import sys

WIDTH = 30


def show(done: int, total: int, what: str = "") -> None:
    """Draw it on a terminal; write nothing into the mail of a cron job."""
    if not sys.stderr.isatty():
        return
    share = done / total if total else 1.0
    bar = "#" * int(WIDTH * share)
    print(f"\r[{bar:.<{WIDTH}}] {share:4.0%} {what}", end="", file=sys.stderr, flush=True)


def end() -> None:
    """Go on with a line of its own."""
    if sys.stderr.isatty():
        print(file=sys.stderr)
