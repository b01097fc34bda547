"""A table full of sessions, and a visitor who measures while they are cleared away (F10)."""

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from threading import Event, Thread
from typing import Any, Self

from sqlalchemy import insert

from demoapp.db import make_engine
from demoapp.sessions.database import sessions
from tests.integration.client import Client
from tests.processes import Shop

CART = json.dumps({"cart": {"id": "x" * 22, "lines": {"sejak": 1, "ujeon": 2, "malcha": 3}}})


def rows(live: int, expired: int) -> Iterator[dict[str, Any]]:
    """Ten days of visitors, the oldest first; each third was logged in."""
    now, days = time.time(), 10 * 86400
    for number in range(expired + live):
        ago = days - number * (days - 1300) / expired if number < expired else number % 900
        yield {
            "key": secrets.token_hex(32),
            "format": 1,
            "version": 2,
            "created": now - ago - 60,
            "last_seen": now - ago,
            "owner": str(number % 5000 + 10) if number % 3 == 0 else None,
            "device": "Firefox, Linux",
            "data": CART,
        }


def fill_sessions(url: str, live: int, expired: int) -> None:
    engine = make_engine(url)
    try:
        batch = []
        for row in rows(live, expired):
            batch.append(row)
            if len(batch) == 20_000:
                with engine.begin() as connection:
                    connection.execute(insert(sessions), batch)
                batch = []
        with engine.begin() as connection:
            if batch:
                connection.execute(insert(sessions), batch)
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("ANALYZE session")
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    finally:
        engine.dispose()


class Patron:
    """Goes on adding to a cart and looking at it, in a thread; keeps the seconds of each answer."""

    def __init__(self, shop: Shop, pause: float = 0.01) -> None:
        self.seconds: list[float] = []
        self.statuses: list[int] = []
        self._pause = pause
        self._stop = Event()
        self._client = Client(shop.base_url).open()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with ExitStack() as stack:
            client = stack.enter_context(self._client)
            while not self._stop.wait(self._pause):
                for ask in (self._add, self._look):
                    begun = time.perf_counter()
                    status = ask(client)
                    self.seconds.append(time.perf_counter() - begun)
                    self.statuses.append(status)

    @staticmethod
    def _add(client: Client) -> int:
        return client.post("/cart/items/sejak", quantity=str(secrets.randbelow(9) + 1)).status

    @staticmethod
    def _look(client: Client) -> int:
        return client.get("/session.json").status


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
