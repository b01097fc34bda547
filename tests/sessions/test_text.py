"""JSON keeps what was put in the session, or refuses it before the commit: S20.

What it keeps: texts as keys, and None, booleans, finite numbers, texts, lists and dicts as
values. A tuple as a value is welcome and comes back as a list, as from Pyramid's own
JSONSerializer; a subclass of str comes back as plain text. Everything else that JSON would
change in silence is refused, with the name of the session key under which it was put.
"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from enum import Enum, IntEnum, StrEnum
from typing import Any

import pytest
from translationstring import TranslationString
from webob.cookies import SignedSerializer

from demoapp.sessions.interfaces import SessionNotSerializable
from tests.sessions.bare import ALL, MakePlace
from tests.sessions.visitor import Visitor
from tests.shops import SECRET
from tests.shops import Visitor as Shopper

LITERALS = [
    pytest.param("1e400", id="1e400"),
    pytest.param("-1e400", id="-1e400"),
    pytest.param("NaN", id="NaN"),
    pytest.param("Infinity", id="Infinity"),
    pytest.param("-Infinity", id="-Infinity"),
    pytest.param("9" * 5000, id="5000-digits"),
    pytest.param('[{"deep":1e400}]', id="deep"),
]


class Plain(str):
    """A text with a class of its own, as Markup has."""

    __slots__ = ()


class Colour(StrEnum):
    GREEN = "green"


class Size(IntEnum):
    SMALL = 7


class Kind(Enum):
    GREEN = "green"


@pytest.fixture(params=ALL)
def visitor(request: pytest.FixtureRequest, make_place: MakePlace) -> Visitor:
    """With a session, on every store in turn."""
    visitor = Visitor(make_place(request.param).open())
    visitor.put(before="tea")
    return visitor


def refused(visitor: Visitor, value: Any) -> None:
    """Before anything is written, and with the name of the key."""
    with pytest.raises(SessionNotSerializable, match="odd_one"):
        visitor.put(good=1, odd_one=value)
    assert visitor.data() == {"before": "tea"}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({7: "seven"}, id="int"),
        pytest.param({True: "yes"}, id="bool"),
        pytest.param({None: "nothing"}, id="None"),
        pytest.param({1.5: "half"}, id="float"),
        pytest.param({7: 1, "7": 2}, id="two-that-become-one"),
        pytest.param({"list": [{"deep": ({7: 1},)}]}, id="deep"),
        pytest.param({Size.SMALL: 1}, id="IntEnum"),
        pytest.param({("a", "b"): 1}, id="tuple"),
        pytest.param(float("nan"), id="NaN"),
        pytest.param([float("inf")], id="inf"),
        pytest.param({"deep": [float("-inf")]}, id="-inf"),
        pytest.param({1, 2}, id="set"),
        pytest.param([b"bytes"], id="bytes"),
        pytest.param(Kind.GREEN, id="Enum"),
    ],
)
def test_refused_with_the_session_key_S20(visitor: Visitor, value: Any) -> None:
    refused(visitor, value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({("a", "b"): 1}, id="tuple-as-key"),
        pytest.param([float("nan")], id="NaN"),
        pytest.param(float("inf"), id="inf"),
        pytest.param({1, 2}, id="set"),
        pytest.param([b"bytes"], id="bytes"),
        pytest.param(Kind.GREEN, id="Enum"),
    ],
)
def test_refused_before_the_commit_S20(visitor: Visitor, value: Any) -> None:
    with pytest.raises(SessionNotSerializable):
        visitor.put(good=1, odd_one=value)
    assert visitor.data() == {"before": "tea"}


@pytest.mark.parametrize("key", [7, True, None, 1.5], ids=repr)
def test_key_of_the_session_itself_is_a_text_S20(visitor: Visitor, key: Any) -> None:
    with pytest.raises(SessionNotSerializable, match=repr(key)):
        visitor.do(lambda request: request.session.__setitem__(key, 1))
    assert visitor.data() == {"before": "tea"}


def test_number_that_cannot_be_read_back_is_refused_S20(visitor: Visitor) -> None:
    """Python reads no more than 4300 digits; json.dumps raises a ValueError of its own."""
    refused_number = 10**5000
    with pytest.raises(SessionNotSerializable):
        visitor.put(odd_one=refused_number)
    assert visitor.data() == {"before": "tea"}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(TranslationString("tea", domain="shop", default="Tee"), id="lazy"),
        pytest.param(Plain("tea"), id="str"),
        pytest.param(Colour.GREEN, id="StrEnum"),
        pytest.param({Plain("key"): [Plain("tea")]}, id="deep"),
        pytest.param(Size.SMALL, id="IntEnum"),
    ],
)
def test_subclass_comes_back_as_the_plain_value_S20(visitor: Visitor, value: Any) -> None:
    visitor.put(a=value)
    kept = visitor.data()["a"]
    assert kept == value
    assert type(kept) in (str, int, dict)


def test_lazily_translated_flash_is_kept_as_text_S20(visitor: Visitor) -> None:
    lazy = TranslationString("Only ${n} left", domain="shop", mapping={"n": 3})
    visitor.do(lambda request: request.session.flash(lazy))
    assert visitor.do(lambda request: request.session.pop_flash()) == ["Only ${n} left"]


def test_tuple_comes_back_as_a_list_S20(visitor: Visitor) -> None:
    """As from Pyramid's own JSONSerializer: documented, and so no loss in silence."""
    visitor.put(a=(1, ("two", [3])))
    assert visitor.data()["a"] == [1, ["two", [3]]]


@pytest.mark.parametrize("value", [None, True, 0, -0.5, 2**70, "", [], {}, [{"a": [None]}], 1e308])
def test_what_json_has_is_kept_S20(visitor: Visitor, value: Any) -> None:
    visitor.put(a=value)
    kept = visitor.data()["a"]
    assert (kept, type(kept)) == (value, type(value))


# -- what stands in the store already. Memory is not here: nobody else can write there.


def plant(text: str) -> Callable[[str], str]:
    return lambda stored: stored.replace('"MARK"', text)


@pytest.mark.parametrize("store", ["redis", "sqlite", "postgresql"])
@pytest.mark.parametrize("literal", [*LITERALS, pytest.param('"good"', id="control")])
def test_stored_record_that_cannot_be_read_back_is_a_fresh_session_S20(
    make_place: MakePlace, store: str, literal: str
) -> None:
    place = make_place(store)
    visitor = Visitor(place.open())
    visitor.put(a="MARK")
    assert place.edit(plant(literal)) == 1
    assert visitor.data() == ({"a": "good"} if literal == '"good"' else {})
    visitor.put(b=2)
    assert visitor.data()["b"] == 2


@pytest.mark.parametrize("literal", [*LITERALS, pytest.param('"good"', id="control")])
def test_signed_cookie_that_cannot_be_read_back_is_a_fresh_session_S20(
    make_place: MakePlace, literal: str
) -> None:
    """Signed with our own key, by an application that is less careful."""
    visitor = Visitor(make_place("custom").open())
    visitor.put(a="MARK")
    visitor.cookie = signed_anew(visitor.cookie, plant(literal))
    assert visitor.data() == ({"a": "good"} if literal == '"good"' else {})
    visitor.put(b=2)
    assert visitor.data()["b"] == 2


class AsItIs:
    """For SignedSerializer: the text without a look into it."""

    def dumps(self, text: str) -> bytes:
        return text.encode()

    def loads(self, text: bytes) -> str:
        return text.decode()


def signed_anew(cookie: str | None, edit: Callable[[str], str]) -> str:
    signed = SignedSerializer(SECRET, "pyramid.session.", "sha512", serializer=AsItIs())
    before: str = signed.loads((cookie or "").encode())
    after = edit(before)
    assert after != before
    cookie = signed.dumps(after).decode()
    return str(cookie)


@pytest.mark.parametrize("store", ["redis", "sqlite", "postgresql", "custom"])
def test_stored_record_with_a_key_twice_is_no_error_S20(make_place: MakePlace, store: str) -> None:
    """It is read as every JSON reader does, or replaced; and then written without the double."""
    twice = plant('1,"a":2')
    place = make_place(store)
    visitor = Visitor(place.open())
    visitor.put(a="MARK")
    if store == "custom":
        visitor.cookie = signed_anew(visitor.cookie, twice)
    else:
        assert place.edit(twice) == 1
    assert visitor.data() in ({"a": 2}, {})
    visitor.put(a=3)
    assert visitor.data() == {"a": 3}


@pytest.mark.parametrize("strategy", ["redis", "database", "custom"])
@pytest.mark.parametrize("literal", ["1", *LITERALS])
def test_shop_goes_on_for_who_has_such_a_record_S20(
    strategy: str,
    literal: str,
    start_shop: Callable[..., Any],
    make_place: MakePlace,
    sqlite_url: str,
) -> None:
    place = make_place(strategy) if strategy == "redis" else None
    shopper = Shopper(start_shop(strategy))
    assert shopper.log_in().status_int == 303
    into_the_data = lambda stored: stored.replace('"user":', f'"x":{literal},"user":')  # noqa: E731
    if strategy == "custom":
        value = signed_anew(shopper.cookie(), into_the_data)
        shopper.cookiejar.clear()  # else both would be sent
        shopper.set_cookie("session", value)
    elif place:
        assert place.edit(into_the_data) == 1
    else:
        assert rows_edited(sqlite_url, into_the_data) == 1
    assert shopper.get("/").status_int == 200
    assert shopper.state()["user"] == ("demo" if literal == "1" else None)


def rows_edited(url: str, edit: Callable[[str], str]) -> int:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        rows = connection.execute("SELECT key, data FROM session").fetchall()
        for key, data in rows:
            connection.execute("UPDATE session SET data = ? WHERE key = ?", (edit(data), key))
        return sum(edit(data) != data for _, data in rows)


def test_planted_literals_are_what_python_would_read() -> None:
    """So that the tests above plant what they mean."""
    assert json.loads("1e400") == float("inf")
    with pytest.raises(ValueError, match="4300 digits"):
        json.loads("9" * 5000)
