"""An application that has nothing but the session layer, rows of its own, and one view.

What the view does is told with each request, so a test reads from top to bottom.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from sqlalchemy import Engine, String, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from transaction.interfaces import TransactionError, TransientError

from demoapp.db import make_engine
from demoapp.sessions.database import metadata
from demoapp.sessions.interfaces import SessionError
from tests.shops import SECRET

Act = Callable[[Any], Any]
"""What the view does with its request; what it returns is answered as JSON."""


class Again(TransientError):
    """Raised by a view that wants to be replayed."""


class Base(DeclarativeBase):
    """The application's own tables."""


class Note(Base):
    """A row of the application, written in the same transaction as the session."""

    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(40), default="")


def make_tables(url: str) -> str:
    """The session's and our own, in that database."""
    engine = make_engine(url)
    try:
        metadata.create_all(engine)
        Base.metadata.create_all(engine)
    finally:
        engine.dispose()
    return url


@contextmanager
def bare(settings: dict[str, str], *includes: Callable[[Any], None]) -> Iterator[Any]:
    """`with bare({"session.strategy": "memory"}) as app:`"""
    settings = {"session.secret": SECRET, **settings}
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        if "sqlalchemy.url" in settings:
            config.include("demoapp.db")
        for include in includes:
            config.include(include)
        config.add_route("act", "/")
        config.add_view(
            lambda request: request.environ["test.act"](request),
            route_name="act",
            renderer="json",
        )
    app = config.make_wsgi_app()
    try:
        yield app
    finally:
        if "sqlalchemy.url" in settings:
            engine_of(app).dispose()


def engine_of(app: Any) -> Engine:
    engine: Engine = app.registry["dbsession_factory"].kw["bind"]
    return engine


def notes(app: Any) -> int:
    """How many rows of the application's own are committed."""
    with engine_of(app).begin() as connection:
        return connection.scalar(select(func.count()).select_from(Note)) or 0


class Browser:
    """It keeps one cookie. An error of a store or a transaction is a 503 without cookies."""

    def __init__(self, app: Any, cookie: str | None = None) -> None:
        self.app = app
        self.cookie = cookie
        self.status = 0
        self.error: Exception | None = None

    def tab(self, app: Any = None) -> "Browser":
        """Another one with the same cookie, of another process if `app` is given."""
        return Browser(app or self.app, self.cookie)

    def do(self, act: Act, method: str = "POST") -> Any:
        """Send a request and run `act` as its view."""
        headers = {"Cookie": f"session={self.cookie}"} if self.cookie else {}
        request = Request.blank("/", {"test.act": act}, headers=headers, method=method)
        try:
            response = request.get_response(self.app)
        except (SessionError, SQLAlchemyError, TransactionError) as err:
            self.status, self.error = 503, err
            return None
        self.status, self.error = response.status_int, None
        for header in response.headers.getall("Set-Cookie"):
            for morsel in SimpleCookie(header).values():
                self.cookie = None if morsel["max-age"] == "0" else morsel.value
        return response.json

    def begin(self, **values: Any) -> "Browser":
        """Have a session with something in it."""
        self.do(lambda request: request.session.update(values))
        assert self.status == 200, self.error
        return self

    def look(self) -> dict[str, Any]:
        """What is in the session, and whose it is."""
        seen = self.do(lambda request: {**request.session, "owner": request.session.owner})
        assert self.status == 200, self.error
        found: dict[str, Any] = seen
        return found


def attempt(request: Any) -> int:
    """0, and from 1 on for replays."""
    return int(request.environ.get("retry.attempt", 0))


def add(request: Any) -> None:
    """What a cart does: read, count, assign."""
    request.session["n"] = request.session.get("n", 0) + 1
