"""`pshell INI`: `[pshell] setup = demoapp.scripts.shell.setup` in the ini file.

>>> dbsession.query(models.User).count()
2
>>> dbsession.get(models.Product, "ujeon").stock = 10
>>> tm.commit()
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from transaction.interfaces import NoTransaction

from demoapp.shop import models

HELP = (
    "dbsession, models, request and tm are here, and a transaction has begun.\n"
    "tm.commit() keeps what you change; tm.begin() begins the next."
)


def setup(env: dict[str, Any]) -> Iterator[None]:
    """What a view has: outside of a transaction `request.dbsession` refuses every query."""
    request = env["request"]
    request.tm.begin()
    request.environ["tm.active"] = True  # as pyramid_tm does, for the session to take part
    env.update(tm=request.tm, dbsession=request.dbsession, models=models)
    print(HELP)
    try:
        yield
    finally:
        with suppress(NoTransaction):  # who commits last leaves none behind
            request.tm.abort()
