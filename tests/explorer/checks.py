"""What must hold when all requests are over and what answers there are have arrived."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from demoapp.sessions.interfaces import Delete, Record, Rotate
from demoapp.sessions.text import read

if TYPE_CHECKING:
    from tests.explorer.operations import Visit
    from tests.explorer.world import World


def check(world: "World") -> Iterator[str]:
    """What is wrong, in words."""
    visits = list(world.visits.values())
    records = world.records()
    over = world.over | {world.root(key) for visit in visits for key in _deleted(visit)}
    for visit in visits:
        yield from _access(visit, world)
        yield from _agreement(visit, world, records, over)
        yield from _refusal(visit, visits, world)
        yield from _ends(visit, world, records)
    if any(visit.faults for visit in visits):
        world.let_pass(world.limits.wait_timeout)
    if locks := world.bed.locks():
        yield f"still locked: {locks}"
    if not world.expired:
        yield from _browser(world, visits, records, over)
    world.let_pass(world.limits.absolute_timeout)
    for what in world.bed.left_over():
        yield f"left over: {what}"


def _deleted(visit: "Visit") -> Iterator[str]:
    """Keys of what a logout has ended, or may have."""
    tried = [visit.wrote] if visit.ok else visit.tried if visit.unknown else []
    yield from (change.old.key for change in tried if isinstance(change, Delete))


def _access(visit: "Visit", world: "World") -> Iterator[str]:
    """An ended id gives no access, and its answers leave the browser's newer cookie alone."""
    if visit.ended and visit.saw and any(visit.saw):
        yield f"{visit.number} has shown an ended id, and its view saw {visit.saw}"
    if visit.ok and visit.unkept and len(visit.faults) == 1 and not world.expired:
        yield f"{visit.number} was answered 200, and one hiccup was enough to lose its session"
    if visit.ok and isinstance(visit.wrote, Rotate) and not visit.cookie:
        yield f"{visit.number} was answered 200, and has not been sent its new id"
    login = visit.name in ("login", "link")
    if visit.ended and not world.expired and not login and visit.cookie is not None:
        yield f"{visit.number} has shown an ended id, and its answer has a cookie"


def _agreement(
    visit: "Visit", world: "World", records: dict[str, Record], over: set[str]
) -> Iterator[str]:
    """Success has both row and session, failure neither; once each."""
    rows = world.bed.rows(world).count(visit.number)
    copies = sum(read(r.data).get("cart", []).count(visit.number) for r in records.values())
    if rows > 1 or (copies > 1 and not any(v.unkept for v in world.visits.values())):
        yield f"{visit.number} has {rows} rows, and is in carts {copies} times"
        return
    expected = int(visit.ok)
    if visit.ok or not visit.unknown:
        if world.case.rows and rows != expected:
            yield f"{visit.number} was answered {visit.status}, and its row is there {rows} times"
        told = visit.name == "late" and (visit.logged or not visit.ok)  # past every error page
        gone = visit.ok and (world.expired or _line(visit, world) in over or visit.unkept)
        if visit.operation.puts and copies != expected and not gone and not told:
            yield f"{visit.number} was answered {visit.status}, and is in {copies} carts"
    elif (  # what is late is a transaction of its own
        visit.name != "late"
        and world.bed.one_database
        and world.case.rows
        and visit.operation.puts
        and rows != copies
        and not world.expired
        and _line(visit, world) not in over
    ):
        yield f"{visit.number} has {rows} rows, and is in {copies} carts"


def _line(visit: "Visit", world: "World") -> str:
    """The line of sessions that it has written to."""
    change = visit.wrote or (visit.tried[-1] if visit.tried else None)
    if change is None:
        return ""
    return world.root(change.old.key if hasattr(change, "old") else change.new.key)


def _refusal(visit: "Visit", visits: list["Visit"], world: "World") -> Iterator[str]:
    """Nobody is refused because others are there."""
    if any(v.faults for v in visits):
        return
    others = [v for v in visits if v is not visit]
    ended = world.expired or any(isinstance(v.wrote, Rotate | Delete) for v in others)
    ended = ended or world.case.start == "guest"
    if visit.status not in (200, 403, 409) or (visit.status != 200 and not ended):
        yield f"{visit.number} was refused with {visit.status}"


def _ends(visit: "Visit", world: "World", records: dict[str, Record]) -> Iterator[str]:
    """Who was told that sessions are ended may rely on it."""
    if not visit.ok or not visit.shown or any(v.unkept for v in world.visits.values()):
        return
    line = world.root(world.key(visit.shown))
    if visit.name == "logout" and any(world.root(key) == line for key in records):
        yield f"{visit.number} has logged out, and its session goes on"
    # a store that fails between commit and delete is logged: the rows are committed by then
    failed = any(fault.startswith("delete") for fault in visit.faults)
    if visit.name == "end-others" and not failed and world.key(world.other) in records:
        yield f"{visit.number} has ended the others, and another goes on"


def _browser(
    world: "World", visits: list["Visit"], records: dict[str, Record], over: set[str]
) -> Iterator[str]:
    """The browser has the newest session, or gets it by logging in again."""
    line = world.root(world.key(world.first))
    if line in over or any(visit.unkept for visit in visits):
        return
    keys = [key for key in records if world.root(key) == line]
    if len(keys) != 1:
        yield f"of the browser's session there are {len(keys)}"
        return
    if world.jar and world.key(world.jar) == keys[0]:
        return
    if _in_order(visits):
        yield "the browser has been sent all cookies in order, and has not the newest"
        return
    cart = read(records[keys[0]].data)["cart"]
    world.login_again()
    again = world.records().get(world.key(world.jar))
    if again is None or Counter(read(again.data).get("cart", [])) != Counter(cart):
        yield f"who logs in again has {again and again.data}, not {cart}"


def _in_order(visits: list["Visit"]) -> bool:
    """Whether the browser got all answers that it should have, as they were given."""
    if any(visit.delivered == "lost" or visit.unknown for visit in visits):
        return False
    arrived = sorted((v for v in visits if v.arrived), key=lambda v: v.arrived)
    return all(a.issued < b.issued for a, b in pairwise(arrived))
