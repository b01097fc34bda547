"""A limit on who waits at once: the lab `race` waits on purpose, and a shop has other visitors.

waitress answers with eight threads (`threads` in development.ini). Without a limit, sixteen
additions in the lab `race` held all of them, and `/healthz` waited for five seconds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from pyramid.httpexceptions import HTTPServiceUnavailable

from demoapp.i18n import _

AT_ONCE = 6
"""As many connections as one browser opens to one place, so that it is never refused alone."""
SECONDS = "3"
"""What the longest wait takes."""

_places = BoundedSemaphore(AT_ONCE)


@contextmanager
def place() -> Iterator[None]:
    """A place for one wait, or a 503: to wait for a place would take a thread, too."""
    if not _places.acquire(blocking=False):
        told = _("All the benches in the labs are taken just now.")
        raise HTTPServiceUnavailable(told, headers={"Retry-After": SECONDS})
    try:
        yield
    finally:
        _places.release()
