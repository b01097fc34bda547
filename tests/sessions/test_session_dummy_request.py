"""What Pyramid's own tests ask of a session, on the request they ask it with.

`pyramid.testing.DummyRequest` has no scheme, no tm and no dbsession. Its part that is about
signed cookies is left out; every store has an answer to the rest.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import transaction
import zope.sqlalchemy
from pyramid.interfaces import ISession, ISessionFactory
from pyramid.response import Response
from pyramid.testing import DummyRequest
from sqlalchemy.orm import Session
from zope.interface.verify import verifyObject

from tests.sessions.bare import ALL, MakePlace, Place

Factory = Callable[[Any], Any]


@pytest.fixture(params=ALL)
def place(request: pytest.FixtureRequest, make_place: MakePlace) -> Place:
    return make_place(request.param)


@pytest.fixture
def factory(place: Place) -> Factory:
    found: Factory = place.open().registry.getUtility(ISessionFactory)
    return found


@pytest.fixture
def session(factory: Factory) -> Any:
    return factory(DummyRequest())


def test_begins_empty_and_new_S18(session: Any) -> None:
    assert dict(session) == {}
    assert session.new is True
    assert int(session.created) == pytest.approx(time.time(), abs=60)


def test_conforms_S18(session: Any) -> None:
    assert verifyObject(ISession, session)


def test_changed_says_nothing_S18(session: Any) -> None:
    assert session.changed() is None
    session["a"] = []
    session["a"].append(1)
    assert session.changed() is None
    assert session["a"] == [1]


def test_invalidate_forgets_S18(session: Any) -> None:
    session["a"] = 1
    session.invalidate()
    assert "a" not in session
    session["b"] = 2
    assert dict(session) == {"b": 2}


def test_flash_queues_S18(session: Any) -> None:
    for message in ("one", "two", "one"):
        session.flash(message)
    session.flash("bad", "error")
    assert session.peek_flash() == ["one", "two", "one"]
    assert session.peek_flash("error") == ["bad"]
    assert session.pop_flash("error") == ["bad"]
    assert session.peek_flash("error") == []
    assert session.pop_flash() == ["one", "two", "one"]
    assert session.pop_flash() == []
    assert session.pop_flash("never used") == []


def test_flash_refuses_a_duplicate_where_it_is_told_to_S18(session: Any) -> None:
    session.flash("one")
    session.flash("one", allow_duplicate=False)
    session.flash("two", allow_duplicate=False)
    session.flash("two", allow_duplicate=True)
    session.flash("one", "other", allow_duplicate=False)
    assert session.peek_flash() == ["one", "two", "two"]
    assert session.peek_flash("other") == ["one"]


def test_flash_messages_of_every_kind_S18(session: Any) -> None:
    for message in ("text", ["list"], {"type": "dict"}, 1, None):
        session.flash(message)
    assert session.pop_flash() == ["text", ["list"], {"type": "dict"}, 1, None]


def test_csrf_token_S18(session: Any) -> None:
    token = session.get_csrf_token()
    assert isinstance(token, str)
    assert token
    assert session.get_csrf_token() == token
    renewed = session.new_csrf_token()
    assert renewed != token
    assert session.get_csrf_token() == renewed


def test_new_csrf_token_of_an_empty_session_S18(session: Any) -> None:
    token = session.new_csrf_token()
    assert session.get_csrf_token() == token


def test_reads_like_a_dict_S18(session: Any) -> None:
    session.update({"a": 1, "b": 2})
    assert session["a"] == 1
    assert session.get("a") == 1
    assert session.get("c") is None
    assert session.get("c", 3) == 3
    assert "a" in session
    assert "c" not in session
    assert sorted(session) == sorted(session.keys()) == ["a", "b"]
    assert sorted(session.values()) == [1, 2]
    assert sorted(session.items()) == [("a", 1), ("b", 2)]
    assert len(session) == 2
    with pytest.raises(KeyError):
        session["c"]


def test_writes_like_a_dict_S18(session: Any) -> None:
    session["a"] = 1
    session.update(b=2)
    session.update([("c", 3)])
    assert session.setdefault("a", 9) == 1
    assert session.setdefault("d", 4) == 4
    assert session.pop("a") == 1
    assert session.pop("a", "gone") == "gone"
    with pytest.raises(KeyError):
        session.pop("a")
    del session["b"]
    with pytest.raises(KeyError):
        del session["b"]
    key, value = session.popitem()
    assert (key, value) in (("c", 3), ("d", 4))
    session.clear()
    assert dict(session) == {}


def test_is_there_for_the_next_request_S18(place: Place, factory: Factory) -> None:
    """Where the test lets the request be answered, as its callbacks are Pyramid's own."""
    cookies: dict[str, str] = {}
    for number in (1, 2, 3):
        request = DummyRequest(cookies=cookies)
        with database_of(place, request):
            session = factory(request)
            session["count"] = session.get("count", 0) + 1
            assert session["count"] == number
            response = Response()
            request._process_response_callbacks(response)
        for header in response.headers.getall("Set-Cookie"):
            name, _, value = header.split(";")[0].partition("=")
            cookies[name] = value
    assert list(cookies) == ["session"]


@contextmanager
def database_of(place: Place, request: Any) -> Iterator[None]:
    """As the starter's fixtures give one to a DummyRequest."""
    if place.engine is None:
        yield
        return
    request.tm = transaction.TransactionManager(explicit=True)
    request.tm.begin()
    request.dbsession = Session(place.engine)
    zope.sqlalchemy.register(request.dbsession, transaction_manager=request.tm)
    yield
    request.tm.abort()
    request.dbsession.close()
