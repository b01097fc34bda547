"""A fresh process under load from its first moment."""

from contextlib import ExitStack
from functools import partial

import pytest

from tests.integration.client import Client, together
from tests.integration.conftest import DEVELOPMENT
from tests.processes import Shop

PAGES = ("/", "/cart", "/register", "/strategies", "/none")


def test_the_first_visitors_see_no_error(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAMELEON_CACHE")  # templates are compiled by these very requests
    with Shop(DEVELOPMENT, "memory", settings={"sqlalchemy.url": sqlite_url}, fresh=True) as shop:
        for page in PAGES:
            with ExitStack() as stack:
                visitors = [stack.enter_context(Client(shop.base_url)) for _ in range(8)]
                seen = together(partial(visitor.get, page) for visitor in visitors)
            assert {answer.status for answer in seen} == {404 if page == "/none" else 200}, shop.log
