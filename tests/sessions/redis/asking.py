"""What Redis is asked about the sessions in it, and what a visitor does to put them there."""

from typing import Any

from demoapp.sessions.interfaces import ISessionStore
from tests.sessions.bare import Place
from tests.sessions.visitor import Visitor

REMEMBERED = 60
"""Seconds for which the store may remember that an id was rotated away."""
SOON = REMEMBERED + 1


def log_in(visitor: Visitor, owner: str = "7") -> None:
    def act(request: Any) -> None:
        request.session["user"] = owner
        request.session.rotate()
        request.session.owner = owner

    visitor.do(act)


def log_out(visitor: Visitor) -> None:
    visitor.do(lambda request: request.session.invalidate())


def listed(visitor: Visitor, owner: str) -> int:
    """How many sessions the store knows of that owner."""

    def act(request: Any) -> int:
        store: Any = request.registry.getUtility(ISessionStore)
        return len(store.owned_by(request, owner))

    return int(visitor.do(act))


def names_in(place: Place) -> int:
    """Keys, and the members of those that are sets, lists or hashes."""
    total = 0
    size = {b"set": "scard", b"zset": "zcard", b"hash": "hlen", b"list": "llen", b"stream": "xlen"}
    for key in place.redis.scan_iter():
        command = size.get(place.redis.type(key))
        total += getattr(place.redis, command)(key) if command else 1
    return total
