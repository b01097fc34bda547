"""A shop for a whole module of tests that leave no trace in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shops import STRATEGIES, close_shop, copy_sqlite, open_shop


@pytest.fixture(scope="module", params=STRATEGIES)
def lasting_shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, seeded_file: Path
) -> Iterator[Any]:
    """One on each strategy; like `shop`, but quicker, as it is opened once."""
    settings = {}
    if request.param == "redis":
        settings["session.redis.url"] = request.getfixturevalue("redis_server").url
    url = copy_sqlite(seeded_file, tmp_path_factory.mktemp(request.param))
    shop = open_shop(request.param, url, settings)
    yield shop
    close_shop(shop)
