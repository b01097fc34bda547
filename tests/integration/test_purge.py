"""Clearing expired sessions away beside a running shop (F10); a million: `make purge-million`."""

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise

import pytest
from sqlalchemy import event, func, select

from demoapp.db import make_engine
from demoapp.sessions.database import sessions
from demoapp.sessions.database.purge import purge
from tests.expired import Patron, fill_sessions, percentile
from tests.integration.client import Client
from tests.integration.running import running

LIVE, EXPIRED = 5_000, 55_000


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nobody_is_refused_beside_a_purge_F10(
    request: pytest.FixtureRequest, database: str, record_property: Callable[[str, object], None]
) -> None:
    url: str = request.getfixturevalue(f"{database}_url")
    fill_sessions(url, LIVE, EXPIRED)
    command = [sys.executable, "-m", "demoapp.scripts.sessions", "-n", "database"]
    backend = f"database-{database}"
    with running(request, backend) as shop, Client(shop.base_url).open() as other:
        other.add()
        with Patron(shop) as patron:
            done = subprocess.run(
                [*command, str(shop.ini), "purge"], capture_output=True, text=True, check=True
            )
        assert other.in_cart() == 1
    assert done.stdout.startswith(f"{EXPIRED} expired sessions deleted")
    assert stored(url) == LIVE + 2
    assert set(patron.statuses) == {200, 303}  # none was refused
    assert len(patron.seconds) > 50
    # That the batches are small is shown below; what it means for the seconds of a million, by
    # `make purge-million`: of so few rows they tell more about the machine.
    record_property("p90", percentile(patron.seconds, 0.9))


def stored(url: str) -> int:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(sessions)) or 0
    finally:
        engine.dispose()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_every_batch_is_a_short_transaction_F10(
    request: pytest.FixtureRequest, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of so many rows, and it does not rest in the middle of one."""
    url: str = request.getfixturevalue(f"{database}_url")
    fill_sessions(url, 100, 5_000)
    engine = make_engine(url)
    done: list[str] = []
    for what in ("begin", "commit", "rollback"):
        event.listen(engine, what, lambda *_, what=what: done.append(what))
    monkeypatch.setattr("time.sleep", lambda seconds: done.append("rest"))
    try:
        steps = list(purge(engine, sessions, 1200, batch=200))
    finally:
        engine.dispose()
    sizes = [after - before for (before, _), (after, _) in pairwise(steps)]
    assert steps[0] == (0, 5_000)
    assert steps[-1] == (5_000, 5_000)
    assert max(sizes) <= 200
    assert done.count("commit") > 5_000 / 200
    assert done.count("rest") >= 5_000 / 200 - 1
    assert ("begin", "rest") not in pairwise(done)
