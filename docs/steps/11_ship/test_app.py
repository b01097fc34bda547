"""Three tests of a view that uses the session."""

import app
import pytest
from pyramid.testing import DummyRequest
from webtest import TestApp

from demoapp.sessions.interfaces import SessionNotSerializable


# 1
def test_add_counts():
    request = DummyRequest()
    request.session["teas"] = 2
    assert app.add(request) == "teas: 3"
    assert request.session["teas"] == 3


# 2
@pytest.fixture
def visitor():
    return TestApp(app.main())


def test_add_is_kept_for_the_next_request(visitor):
    visitor.get("/add")
    assert visitor.get("/add").text == "teas: 2"
    visitor.reset()  # drops the cookies: somebody else
    assert visitor.get("/add").text == "teas: 1"


# 3
def test_a_datetime_is_refused_by_the_real_session_alone(visitor):
    app.since(DummyRequest())
    with pytest.raises(SessionNotSerializable):
        visitor.get("/since")
