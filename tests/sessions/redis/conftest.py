"""A Redis of their own for the tests of this strategy."""

import pytest

from tests.sessions.bare import MakePlace, Place


@pytest.fixture
def place(make_place: MakePlace) -> Place:
    return make_place("redis")
