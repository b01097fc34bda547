"""Answers that depend on the session are for one visitor (ASVS 14.3.2)."""

from typing import Any


def keep_private(event: Any) -> None:
    """Forbid caches to store an answer if the session was touched or a cookie is sent."""
    response = event.response
    touched = "session" in event.request.__dict__  # where Pyramid's reify puts it
    if touched or "Set-Cookie" in response.headers:
        response.headers["Cache-Control"] = "no-store"
        response.vary = sorted({*(response.vary or ()), "Cookie"})
