"""The table, as PostgreSQL sees what is done to its rows."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from tests.processes import wait_until
from tests.servers import PostgresServer
from tests.sessions.bare import Place
from tests.sessions.beds import Clock
from tests.sessions.visitor import Visitor


def read(request: Any) -> Any:
    return request.session.get("a")


@pytest.fixture
def own_database(postgres_server: PostgresServer) -> Iterator[Place]:
    """Its statistics begin at zero."""
    name = f"touches_{uuid4().hex}"
    place = Place("postgresql", postgres_server.create_database(name))
    yield place
    place.close()
    postgres_server.drop_database(name)


def test_touches_are_hot_updates(own_database: Place, clock: Clock) -> None:
    """Else each of them writes into every index of the table, and leaves work for vacuum."""
    engine = own_database.engine
    assert engine
    visitor = Visitor(own_database.open())
    visitor.put(a=1)
    engine.dispose()
    before = updates(engine)
    touches = 60
    for _ in range(touches):
        clock.now += 61
        assert visitor.do(read) == 1
    engine.dispose()  # a backend tells what it has counted at the latest when it ends
    assert wait_until(lambda: updates(engine)[0] - before[0] >= touches, 10)
    total, hot = (after - early for after, early in zip(updates(engine), before, strict=True))
    assert total == touches
    assert hot >= 0.9 * total


def updates(engine: Engine) -> tuple[int, int]:
    """All there were in the table of the sessions, and those of them that were HOT."""
    query = text(
        "SELECT coalesce(sum(n_tup_upd), 0), coalesce(sum(n_tup_hot_upd), 0) "
        "FROM pg_stat_user_tables"
    )
    with engine.connect() as connection:
        total, hot = connection.execute(query).one()
    return int(total), int(hot)
