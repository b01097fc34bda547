"""The id in the cookie: random, strict, and known to nobody else."""

import logging
import random
import re
import string
from typing import Any

import pytest
from sqlalchemy import event

from demoapp.sessions.ids import new_id
from tests.sessions.beds import IDS, Bed, DatabaseBed, RedisBed, key_of
from tests.sessions.visitor import Visitor

INJECTIONS = (
    "' OR '1'='1",
    "'; DROP TABLE session; --",
    '" OR ""="',
    "1 UNION SELECT * FROM session",
    "x\r\nDEL session:*\r\n",
    "*1\r\n$8\r\nFLUSHALL\r\n",
    "session:{*}",
    "{}:lock",
    "%27%20OR%201%3D1",
    "../../etc/passwd",
    "\x00" * 43,
    "$" * 43,
    "é" * 43,
    "０" * 43,
    "A" * 42 + "=",
    "A" * 42 + "\n",
    "A" * 43 + "\n",
)


def test_ids_are_random_and_long_S1() -> None:
    ids = {new_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", one) for one in ids)
    # every bit of every place is used: 256 bits are not padded out of fewer
    assert {one[0] for one in ids} == set(string.ascii_letters + string.digits + "-_")


def test_id_in_the_cookie_is_one_of_those_S1(visitor: Visitor) -> None:
    visitor.put(a=1)
    assert visitor.cookie
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", visitor.cookie)


def test_store_and_log_know_the_hash_only_S2(
    bed: Bed, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ids = []

    def log_in(request: Any) -> None:
        request.session["a"] = 1
        request.session.owner, request.session.device = "7", "Firefox"

    for act in (log_in, lambda request: request.session.rotate(), log_in):
        visitor.do(act)
        ids.append(visitor.cookie)
        key = key_of(visitor.cookie)
        assert key in bed.dump()
        assert not any(one in bed.dump() for one in ids if one)
        assert visitor.do(lambda request: request.session.handle) == key[:12]
    visitor.do(lambda request: request.session.invalidate())
    for one in filter(None, ids):
        assert one not in bed.dump()
        assert one not in caplog.text


def malformed(rng: random.Random) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(INJECTIONS).rstrip("\n")[:42]  # a header's end is no part of the value
    if kind == 1:  # wrong length
        length = rng.choice([*range(1, 43), *range(44, 80), 4000])
        return "".join(rng.choices(string.ascii_letters + string.digits + "-_", k=length))
    if kind == 2:  # one wrong character
        one = list(new_id())
        one[rng.randrange(43)] = rng.choice(string.punctuation.replace("-", "").replace("_", ""))
        return "".join(one)
    return "".join(chr(rng.randrange(1, 256)) for _ in range(43)) + "!"


def calls(bed: Bed) -> list[int]:
    """Grows with every load, however it is asked for."""
    counted = [0]

    def count(*_: Any) -> None:
        counted[0] += 1

    if isinstance(bed, DatabaseBed):
        engine = bed.app.registry["dbsession_factory"].kw["bind"]
        event.listen(engine, "before_cursor_execute", count)
    original = bed.store.load

    def load(*args: Any) -> Any:
        count()
        return original(*args)

    bed.store.load = load  # type: ignore[method-assign,assignment]
    return counted


def test_strangers_ids_are_not_adopted_S3(bed: Bed) -> None:
    """Malformed ones never reach the store; well-formed ones find nothing there.

    So many of each on every store are 10,000 together, others on each.
    """
    rng = random.Random(bed.name)
    asked = calls(bed)
    for cookie in (malformed(rng) for _ in range(1_250)):
        look(bed, cookie)
    assert asked == [0]
    for _ in range(1_250):
        look(bed, new_id())
    assert asked[0] >= 1_250
    assert bed.keys() == []
    if isinstance(bed, RedisBed):
        assert bed.redis.dbsize() == 0


def look(bed: Bed, cookie: str) -> None:
    visitor = Visitor(bed.app, cookie=cookie.encode("latin-1", "replace").decode("latin-1"))
    assert visitor.data() == {}
    assert visitor.sent == []


@pytest.mark.parametrize("cookie", [*INJECTIONS[:3], "A" * 43])
def test_writing_under_a_strangers_id_issues_a_new_one_S3(bed: Bed, cookie: str) -> None:
    visitor = Visitor(bed.app, cookie=cookie)
    visitor.put(a=1)
    assert visitor.cookie != cookie
    assert bed.keys() == [key_of(visitor.cookie)]
    assert Visitor(bed.app, cookie=cookie).data() == {}


@pytest.mark.parametrize("text", INJECTIONS)
def test_text_for_a_store_is_no_id_S15(text: str) -> None:
    assert IDS.keys(None, text) == []


def test_text_for_a_store_harms_nothing_S15(bed: Bed, visitor: Visitor) -> None:
    visitor.put(a=1)
    for text in INJECTIONS:
        for cookie in (text, f'"{text}"'):
            stranger = Visitor(
                bed.app, cookie=cookie.encode("latin-1", "replace").decode("latin-1")
            )
            assert stranger.data() == {}
    assert visitor.data() == {"a": 1}
    assert bed.keys() == [key_of(visitor.cookie)]
