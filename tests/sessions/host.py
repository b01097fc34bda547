"""An application of somebody else, with rows of its own, into which the session layer comes.

Its database session is joined to the thread-local transaction manager, as pyramid_tm and
zope.sqlalchemy do by themselves: it has no `tm.*` setting, and knows no other manager.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import zope.sqlalchemy
from pyramid.config import Configurator
from sqlalchemy import Engine, create_engine, delete, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from tests.shops import SECRET


class Rows(DeclarativeBase):
    """What is the host's own."""


class Note(Rows):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


LAYER = "demoapp.sessions"
MODELS = "tests.sessions.host"
ORDERS: dict[str, list[str]] = {
    "layer-first": [LAYER, "pyramid_tm", MODELS],
    "between": ["pyramid_tm", LAYER, MODELS],
    "layer-last": ["pyramid_tm", MODELS, LAYER],
}
"""What the host includes, and when."""


def includeme(config: Any) -> None:
    """The models of the host: `request.dbsession`, on the manager of the thread."""
    maker = config.registry.settings["host.maker"]

    def dbsession(request: Any) -> Session:
        session: Session = maker()
        zope.sqlalchemy.register(session)
        return session

    config.add_request_method(dbsession, reify=True)


def count(request: Any) -> dict[str, int]:
    number = request.session["count"] = request.session.get("count", 0) + 1
    return {"count": number}


def visit(request: Any) -> dict[str, int]:
    """Count in the session, and add a row of the host's own."""
    request.dbsession.add(Note(text="a visit"))
    return count(request)


def configure(
    maker: Any,
    order: list[str],
    settings: Mapping[str, Any],
    more: Callable[[Any], None] = lambda config: None,
) -> Any:
    """Everything but the end: what the host has made of its Configurator."""
    config = Configurator(settings={"session.secret": SECRET, "host.maker": maker, **settings})
    for name in order:
        config.include(name)
    more(config)
    config.add_route("visit", "/")
    config.add_view(visit, route_name="visit", renderer="json")
    return config


def count_notes(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(Note)) or 0)


def maker_on(engine: Engine) -> Any:
    """With the host's table there."""
    Rows.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(delete(Note))
    return sessionmaker(engine)


def open_engine(file: Path) -> Engine:
    """SQLite that does not wait long for what nobody is going to commit."""
    return create_engine(f"sqlite:///{file}", connect_args={"timeout": 0.2})
