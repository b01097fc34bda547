"""What a browser asks for, and what became of it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from demoapp.sessions.interfaces import Change, ISessionStore, SessionEnded

log = logging.getLogger("demoapp.sessions.explorer")
USER = "7"


def put(request: Any, number: int) -> None:
    """All but two put their number in the cart, so that it can be looked for."""
    request.session["cart"] = [*request.session.get("cart", []), number]


def login(request: Any, number: int) -> None:
    request.session.log_in(USER)
    put(request, number)


def rotate(request: Any, number: int) -> None:
    request.session.rotate()
    put(request, number)


def end_others(request: Any, number: int) -> None:
    own, store = request.session.handle, request.registry.getUtility(ISessionStore)
    for record in store.owned_by(request, USER):
        if record.handle != own:
            store.end(request, record.key)
    rotate(request, number)


def logout(request: Any, number: int) -> None:
    request.session.invalidate()


def look(request: Any, number: int) -> None:
    request.session.get("cart")


def late(request: Any, number: int) -> None:
    """Like a cookie banner's note, or a flash message of a tween: when the answer is there."""

    def callback(request: Any, response: Any) -> None:
        try:
            put(request, number)
        except SessionEnded as err:
            log.warning("the callback of the test is refused: %s", err)

    request.session.get("cart")
    request.add_response_callback(callback)


@dataclass(frozen=True)
class Operation:
    act: Callable[[Any, int], None]
    method: str = "POST"
    members: bool = False
    """Anonymous visitors are refused."""
    puts: bool = True


OPERATIONS = {
    "add": Operation(put),
    "look": Operation(look, "GET", puts=False),
    "login": Operation(login),
    "link": Operation(login, "GET"),  # a login by a link in a mail
    "late": Operation(late),
    "logout": Operation(logout, puts=False),
    "rotate": Operation(rotate, members=True),
    "end-others": Operation(end_others, members=True),
}
EXPIRE = "expire"


@dataclass
class Visit:
    """One request, and what became of it."""

    number: int
    name: str
    faults: list[str] = field(default_factory=list)
    shown: str = ""
    ended: bool = False  # whether what it shows had been ended before it came
    saw: Any = None  # owner and cart, as its view found them
    wrote: Change | None = None
    tried: list[Change] = field(default_factory=list)
    kept: bool = False  # the session has been written, in the second step if it takes two
    logged: bool = False
    status: int = 0
    cookie: str | None = None  # what the answer sets; "" takes it back
    issued: int = 0  # when it was stored what the answer tells
    delivered: str = ""
    arrived: int = 0

    @property
    def operation(self) -> Operation:
        return OPERATIONS[self.name]

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def unknown(self) -> bool:
        """Whether something was done, or may have been, and its caller could not know."""
        ways = {fault.split(":")[1] for fault in self.faults}
        return bool(ways & {"after", "crash"}) or self.unkept

    @property
    def unkept(self) -> bool:
        """The rows are committed, and the session, which is elsewhere, is not."""
        return not self.kept and any(fault.startswith("commit:") for fault in self.faults)


@dataclass(frozen=True)
class Case:
    """What is played in every order."""

    names: tuple[str, ...]
    start: str = "member"
    rows: bool = True
    faults: int = 1

    def __str__(self) -> str:
        return f"{','.join(self.names)} {self.start} {'rows' if self.rows else 'alone'}"

    @classmethod
    def parse(cls, text: str) -> "Case":
        names, start, rows = text.split()
        return cls(tuple(names.split(",")), start, rows == "rows", 99)
