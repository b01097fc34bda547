"""Static files, with their content in the address: a browser keeps them until they change."""

import time
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyramid.static import QueryStringCacheBuster

STATIC = (Path(__file__).parent / "static").resolve()
"""A link to static/ in a checkout, and a folder in an installed package."""
MONTH = 30 * 86400


class ContentCacheBuster(QueryStringCacheBuster):
    """`site.css?x=<digest>`."""

    def tokenize(self, request: Any, pathspec: str, kw: dict[str, Any]) -> str:
        return digest(STATIC / pathspec)


def digest(path: Path) -> str:
    """Of what is in a file, for its address."""
    return _digest(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _digest(path: Path, changed: int) -> str:
    return sha256(path.read_bytes()).hexdigest()[:12]


def asset(request: Any, path: str) -> str:
    """The address of a file below static/. A page has forty of them, so each is made once a second:
    that a file has changed is seen soon enough.
    """
    known: dict[tuple[str, str], tuple[int, str]] = request.registry["assets"]
    place, now = (request.script_name, path), int(time.monotonic())
    made, address = known.get(place, (-1, ""))
    if made != now:
        address = request.static_path(str(STATIC / path))
        known[place] = now, address
    return address


def includeme(config: Any) -> None:
    config.add_static_view("static", str(STATIC), cache_max_age=MONTH, request_method="GET")
    config.add_cache_buster(str(STATIC), ContentCacheBuster())
    config.add_request_method(asset)
    config.registry["assets"] = {}
