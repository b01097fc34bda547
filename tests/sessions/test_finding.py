"""What stands under a session's name is not always a session: S14."""

import json
import logging
import pickle
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sessions.beds import Bed, key_of
from tests.sessions.visitor import Visitor

GOOD = {
    "format": 2,
    "version": 1,
    "writer": "w",
    "created": time.time(),  # of today: or it would be refused for its age
    "owner": None,
    "device": "",
    "data": {"a": 1},
}


class Canary:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)


def compact(fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


BAD_DATA = [
    "",
    "{",
    "null",
    "[]",
    '"text"',
    "1",
    "[" * 100_000,
    '{"a":1}}',
    '{"a":1} x',
    "\x80\x04",
]

WRONG: tuple[dict[str, Any], ...] = (
    {"format": 0},
    {"format": 3},
    {"format": 1},
    {"format": "2"},
    {"version": 0},
    {"version": -1},
    {"version": "1"},
    {"version": True},
    {"version": None},
    {"created": "yesterday"},
    {"created": None},
    {"created": True},
    {"created": 10**400},
    {"created": float("inf")},
    {"created": float("nan")},
    {"owner": 7},
    {"device": None},
    {"data": []},
    {"data": None},
)

BAD_REDIS = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{}",
    b'{"format":2}',
    b'{"a":1}',  # another program's JSON
    compact(GOOD)[:-20],
    compact(GOOD) + b"}",
    json.dumps(GOOD).encode(),  # with blanks: the scripts could never write it
    compact({"version": 1, **GOOD}),  # in another order: likewise
    *(compact({**GOOD, **wrong}) for wrong in WRONG),
    b"[" * 100_000,
    b'{"ended":2}',
    compact({"ended": 2, "since": 10**400, "until": 9, "successor": "", "writer": ""}),
    compact({"ended": 2, "since": "now", "until": 9, "successor": "", "writer": ""}),
    compact({"ended": 2, "since": time.time(), "until": 9, "successor": 7, "writer": ""}),
]

BAD_ROWS: list[dict[str, Any]] = [{"format": 1}, {"format": 3}, {"version": 0}, {"version": -1}]
BAD_TIMES: list[dict[str, Any]] = [{"created": 1e300}, {"last_seen": -1e300}]
BAD_TYPES: list[dict[str, Any]] = [  # SQLite keeps any type in any column
    {"created": "yesterday"},
    {"last_seen": b"\x00"},
    {"version": "one"},
    {"version": 1.5},
    {"data": b'{"a":1}'},
    {"device": b"\xff"},
    {"owner": b"7"},
    {"format": 0, "created": "yesterday"},
    {"format": 0, "data": b"\xff"},
]


def bad_records(bed: Bed) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = [{"data": text} for text in BAD_DATA if "\x00" not in text]
    bad: dict[str, list[dict[str, Any]]] = {
        "memory": data,
        "redis": [{"raw": raw} for raw in BAD_REDIS],
        "sqlite": [*data, *BAD_ROWS, *BAD_TIMES, *BAD_TYPES],
        "postgresql": [*data, *BAD_ROWS, *BAD_TIMES],
    }
    return bad[bed.name]


def replaced_by_a_fresh_one(bed: Bed, bad: dict[str, Any], log: pytest.LogCaptureFixture) -> None:
    visitor = Visitor(bed.app)
    visitor.put(a=1)
    cookie = visitor.cookie or ""
    key = key_of(cookie)
    bed.spoil(key, **bad)
    log.clear()
    assert visitor.data() == {}, bad
    lines = [r.getMessage() for r in log.records if r.name.startswith("demoapp")]
    assert len(lines) == 1, bad
    assert key[:12] in lines[0]  # the handle is public, the id and the key are not
    assert cookie not in log.text
    assert key not in log.text
    visitor.put(b=2)
    assert visitor.cookie != cookie
    assert visitor.data() == {"b": 2}


def test_corrupt_record_is_replaced_S14(bed: Bed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for bad in bad_records(bed):
        replaced_by_a_fresh_one(bed, bad, caplog)


def test_good_record_is_not_one_of_them(bed: Bed) -> None:
    """So that the tests above do not pass for a reason of their own."""
    visitor = Visitor(bed.app)
    visitor.put(a=1)
    key = key_of(visitor.cookie)
    bed.spoil(key, **({"raw": compact(GOOD)} if bed.name == "redis" else {"data": '{"a":1}'}))
    assert visitor.data() == {"a": 1}


def test_planted_pickle_is_not_run_S14(
    bed: Bed, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    canary = tmp_path / "canary"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        planted = pickle.dumps(Canary(canary), protocol)
        pickle.loads(planted)  # noqa: S301 - it does sing
        assert canary.exists()
        canary.unlink()
        text = planted.decode("latin-1").replace("\x00", "")
        bad = {"raw": planted} if bed.name == "redis" else {"data": text}
        replaced_by_a_fresh_one(bed, bad, caplog)
    assert not canary.exists()


def test_key_of_another_type_in_redis_S14(one_bed: Any, caplog: pytest.LogCaptureFixture) -> None:
    bed = one_bed("redis").start()
    visitor = Visitor(bed.app)
    visitor.put(a=1)
    name = f"session:{{{key_of(visitor.cookie)}}}"
    bed.redis.delete(name)
    bed.redis.lpush(name, "a list")
    assert visitor.data() == {}
    assert "another program" in caplog.text
