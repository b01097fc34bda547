"""Clearing expired sessions away beside a running shop (F10); a million: `make purge-million`."""

import json
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

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
    request: pytest.FixtureRequest, database: str
) -> None:
    url: str = request.getfixturevalue(f"{database}_url")
    fill_sessions(url, LIVE, EXPIRED)
    command = [sys.executable, "-m", "demoapp.scripts.sessions", "-n", "database"]
    backend = f"database-{database}"
    with running(request, backend) as shop, Client(shop.base_url).open() as other:
        other.add()
        with Patron(shop) as patron:
            begun = time.perf_counter()
            done = subprocess.run(
                [*command, str(shop.ini), "purge"], capture_output=True, text=True, check=True
            )
            seconds = time.perf_counter() - begun
        assert other.in_cart() == 1
    assert done.stdout.startswith(f"{EXPIRED} expired sessions deleted")
    assert stored(url) == LIVE + 2
    assert set(patron.statuses) == {200, 303}  # none was refused
    assert len(patron.seconds) > 50
    # A sanity check: so few rows would be gone soon even at once. That the batches are short is
    # shown below, what it means for a million by `make purge-million`.
    assert percentile(patron.seconds, 0.9) < 0.25, json.dumps(sorted(patron.seconds)[-20:])
    assert seconds < 60


def stored(url: str) -> int:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(sessions)) or 0
    finally:
        engine.dispose()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_every_batch_is_a_short_transaction_F10(
    request: pytest.FixtureRequest, database: str
) -> None:
    url: str = request.getfixturevalue(f"{database}_url")
    fill_sessions(url, 100, 5_000)
    engine = make_engine(url)
    begun, held = [0.0], []

    @event.listens_for(engine, "begin")
    def note_begin(connection: Any) -> None:
        begun[0] = time.perf_counter()

    @event.listens_for(engine, "commit")
    def note_commit(connection: Any) -> None:
        held.append(time.perf_counter() - begun[0])

    try:
        steps = list(purge(engine, sessions, 1200, batch=200))
    finally:
        engine.dispose()
    sizes = [after - before for (before, _), (after, _) in pairwise(steps)]
    assert steps[0] == (0, 5_000)
    assert steps[-1] == (5_000, 5_000)
    assert max(sizes) <= 200
    assert len(held) > 5_000 / 200
    assert percentile(held, 0.5) < 0.1
