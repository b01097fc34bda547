"""Who is compared: one small application, and what keeps its sessions.

The application is the same for all. It runs under pyramid_tm and pyramid_retry, as every shop
with a database does. Its cart has five lines, and an add changes one of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory
from sqlalchemy import Engine, create_engine, event

from benchmarks import floors
from demoapp.db import add_dbsession

SECRET = "of-the-benchmark-only-0123456789abcdefghijklmnop"  # noqa: S105
LINES = {"sejak": 1, "ujeon": 2, "malcha": 3, "hwangcha": 1, "yuja": 2}


@dataclass(frozen=True)
class Places:
    """Where the stores are: servers of the benchmark's own, and a folder for files."""

    redis: str
    postgresql: str
    folder: Path


@dataclass(frozen=True)
class Contender:
    name: str
    kind: str
    """Those of one kind keep sessions in the same place, and are compared."""
    install: Callable[[Any, Places], None]
    ours: bool = False


def _ours(strategy: str) -> Callable[[Any, Places], None]:
    def install(config: Any, places: Places) -> None:
        config.registry.settings.update(
            {
                "session.strategy": strategy,
                "session.secret": SECRET,
                "session.redis.url": places.redis,
            }
        )
        config.include("demoapp.sessions")

    return install


def _database(url: str) -> Callable[[Any, Places], None]:
    def install(config: Any, places: Places) -> None:
        _ours("database")(config, places)
        _open(config, url.format(places=places))

    return install


def _open(config: Any, url: str) -> Engine:
    """An engine, and `request.dbsession` as this shop has it."""
    engine = config.registry["engine"] = open_engine(url)
    add_dbsession(config, engine)
    return engine


def open_engine(url: str) -> Engine:
    """An engine with what our documentation advises for SQLite."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, record: Any) -> None:
            connection.execute("PRAGMA busy_timeout = 1300").close()
            connection.execute("PRAGMA journal_mode = WAL").close()
            connection.execute("PRAGMA synchronous = NORMAL").close()

    return engine


def _beaker(kind: str, url: str = "") -> Callable[[Any, Places], None]:
    def install(config: Any, places: Places) -> None:
        from pyramid_beaker import BeakerSessionFactoryConfig

        where = {"url": url.format(places=places), "lock_dir": str(places.folder)} if url else {}
        config.set_session_factory(
            BeakerSessionFactoryConfig(
                type=kind,
                validate_key=SECRET,
                timeout=1200,
                data_serializer="json",
                use_cookies=True,
                **where,
            )
        )

    return install


def _session_redis(**options: Any) -> Callable[[Any, Places], None]:
    def install(config: Any, places: Places) -> None:
        from pyramid_session_redis import RedisSessionFactory

        config.set_session_factory(RedisSessionFactory(SECRET, redis_url=places.redis, **options))

    return install


def _signed(config: Any, places: Places) -> None:
    config.set_session_factory(SignedCookieSessionFactory(SECRET, timeout=1200, reissue_time=60))


def _least_memory(config: Any, places: Places) -> None:
    floors.install(config, floors.Store())


def _least_redis(config: Any, places: Places) -> None:
    floors.install(config, floors.RedisStore(places.redis))


def _least_sql(url: str) -> Callable[[Any, Places], None]:
    def install(config: Any, places: Places) -> None:
        floors.install(config, floors.SqlStore(_open(config, url.format(places=places))))

    return install


def _none(config: Any, places: Places) -> None:
    """Without any session: what the application itself costs."""


LEAST = "the least"
SQLITE = "sqlite:///{places.folder}"
CONTENDERS = (
    Contender("none", "none", _none),
    Contender("memory", "memory", _ours("memory"), ours=True),
    Contender("beaker memory", "memory", _beaker("memory")),
    Contender(LEAST, "memory", _least_memory),
    Contender("redis", "redis", _ours("redis"), ours=True),
    Contender("pyramid_session_redis", "redis", _session_redis(timeout=1200)),
    Contender("the same, no expiry", "redis", _session_redis(timeout=None, set_redis_ttl=False)),
    Contender(LEAST, "redis", _least_redis),
    Contender("custom", "cookie", _ours("custom"), ours=True),
    Contender("SignedCookieSessionFactory", "cookie", _signed),
    Contender("database", "sqlite", _database(SQLITE + "/ours.sqlite"), ours=True),
    Contender("beaker", "sqlite", _beaker("ext:database", SQLITE + "/beaker.sqlite")),
    Contender(LEAST, "sqlite", _least_sql(SQLITE + "/least.sqlite")),
    Contender("database", "postgresql", _database("{places.postgresql}"), ours=True),
    Contender("beaker", "postgresql", _beaker("ext:database", "{places.postgresql}")),
    Contender(LEAST, "postgresql", _least_sql("{places.postgresql}")),
)


def untouched(request: Any) -> Response:
    return Response(b"ok")


def begin(request: Any) -> Response:
    request.session["cart"] = {"id": "x" * 22, "lines": dict(LINES)}
    return Response(b"ok")


def read(request: Any) -> Response:
    return Response(b"%d" % sum(request.session["cart"]["lines"].values()))


def add(request: Any) -> Response:
    cart = request.session["cart"]
    lines = {**cart["lines"], "sejak": cart["lines"]["sejak"] + 1}
    request.session["cart"] = {**cart, "lines": lines}
    response = Response(b"%d" % lines["sejak"])
    response.headers["Attempt"] = str(request.environ.get("retry.attempt", 0))
    return response


def fill(request: Any) -> Response:
    request.session["filled"] = "x" * int(request.matchdict["size"])
    return Response(b"ok")


ACTS = {"untouched": untouched, "read": read, "add": add}


def make_app(contender: Contender, places: Places) -> Any:
    with Configurator(settings={"tm.manager_hook": "pyramid_tm.explicit_manager"}) as config:
        config.include("pyramid_tm")
        config.include("pyramid_retry")
        contender.install(config, places)
        for name, view in {**ACTS, "begin": begin, "fill": fill}.items():
            config.add_route(name, f"/{name}" + "/{size}" * (name == "fill"))
            config.add_view(view, route_name=name)
    return config.make_wsgi_app()
