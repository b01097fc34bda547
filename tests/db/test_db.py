"""`request.dbsession` commits with its own request, though all of them share their listeners."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.request import Request
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

from demoapp.db import add_dbsession

Ask = Callable[[Callable[[Any], object]], object]


class Base(DeclarativeBase):
    pass


class Tea(Base):
    __tablename__ = "tea"
    name: Mapped[str] = mapped_column(primary_key=True)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """One request; what its view does is told with it."""

    def view(request: Any) -> Any:
        request.environ["act"](request)
        return request.response

    with Configurator(settings={"tm.manager_hook": "pyramid_tm.explicit_manager"}) as config:
        config.include("pyramid_tm")
        add_dbsession(config, engine)
        config.add_route("act", "/")
        config.add_view(view, route_name="act")
    app = config.make_wsgi_app()
    return lambda act: Request.blank("/", {"act": act}).get_response(app)


def kept(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(Tea.name).order_by(Tea.name)))


def test_it_commits_with_its_request_and_with_no_other(ask: Ask, engine: Engine) -> None:
    def fail(request: Any) -> None:
        request.dbsession.add(Tea(name="ujeon"))
        request.dbsession.flush()
        raise ValueError

    ask(lambda request: request.dbsession.add(Tea(name="sejak")))
    with pytest.raises(ValueError):
        ask(fail)
    assert kept(engine) == ["sejak"]


def test_it_takes_part_in_the_transaction_that_a_view_begins_after_it(
    ask: Ask, engine: Engine
) -> None:
    def act(request: Any) -> None:
        request.dbsession.add(Tea(name="first"))
        request.tm.commit()
        request.tm.begin()
        request.dbsession.add(Tea(name="second"))
        request.dbsession.flush()
        request.tm.abort()
        request.tm.begin()
        request.dbsession.add(Tea(name="third"))

    ask(act)
    assert kept(engine) == ["first", "third"]


def test_nobody_commits_half_of_a_request(ask: Ask, engine: Engine) -> None:
    def act(request: Any) -> None:
        request.dbsession.add(Tea(name="half"))
        request.dbsession.commit()

    with pytest.raises(AssertionError, match="must be committed using the transaction manager"):
        ask(act)
    assert kept(engine) == []
