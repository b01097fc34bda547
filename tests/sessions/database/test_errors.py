"""What an error of the database means to a session: an outage, and not the visitor's fault."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from demoapp.sessions.interfaces import SessionStoreUnavailable
from tests.sessions.beds import Bed
from tests.sessions.visitor import Visitor


def test_empty_connection_pool_is_an_outage_F3(one_bed: Callable[[str], Bed]) -> None:
    bed = one_bed("sqlite").start()
    visitor = Visitor(bed.app)
    visitor.put(a=1)
    engine = bed.app.registry["dbsession_factory"].kw["bind"]
    engine.pool._timeout = 0.05
    taken = [engine.connect() for _ in range(engine.pool.size() + engine.pool._max_overflow)]
    with pytest.raises(SessionStoreUnavailable):
        visitor.data()
    for connection in taken:
        connection.close()
    assert visitor.data() == {"a": 1}


def test_commands_fail_for_reasons_of_the_database_F3(one_bed: Callable[[str], Bed]) -> None:
    """The table is missing: an outage too, and not the visitor's fault."""
    bed = one_bed("sqlite").start()
    visitor = Visitor(bed.app)
    visitor.put(a=1)
    engine = bed.app.registry["dbsession_factory"].kw["bind"]

    def rename(connection: Any, cursor: Any, text: str, values: Any, *_: Any) -> Any:
        return text.replace("session", "missing"), values

    event.listen(engine, "before_cursor_execute", rename, retval=True)
    with pytest.raises(SessionStoreUnavailable, match="no such table"):
        visitor.data()
