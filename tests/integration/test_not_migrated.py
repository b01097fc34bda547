"""A database that was never migrated, or not lately: one line says what to do, until it is (P3)."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator
from sqlalchemy import StaticPool, create_engine, make_url, text
from sqlalchemy.orm import Session

from demoapp import make_app
from demoapp.db.ready import migrations
from tests.integration.bare import Browser, bare, engine_of, make_tables
from tests.integration.conftest import DEVELOPMENT
from tests.processes import wait_until
from tests.servers import PostgresServer
from tests.shops import Visitor, fill

DATABASES = ["sqlite", "no folder", "postgresql"]
COMMAND = "run: demoapp-init "


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        return str(server.create_database(f"empty_{tmp_path.name}"))
    folder = "var/" if request.param == "no folder" else ""
    return f"sqlite:///{tmp_path}/{folder}empty.sqlite"


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines of a log; each must be one."""
    lines = [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]
    assert all("\n" not in line for line in lines)
    assert not any(record.exc_info for record in caplog.records)
    caplog.clear()
    return lines


@pytest.mark.parametrize("strategy", ["memory", "database"])
@pytest.mark.parametrize("empty_url", DATABASES, indirect=True)
def test_a_shop_that_was_never_migrated_says_so_until_it_is_P3(
    start_shop: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    empty_url: str,
    strategy: str,
) -> None:
    visitor = Visitor(start_shop(strategy, **{"sqlalchemy.url": empty_url}))
    assert any(COMMAND + "INI" in line for line in told(caplog))  # it starts all the same
    for path in ("/", "/products/sejak", "/cart", "/readyz"):
        visitor.cookiejar.clear()
        visitor.set_cookie("session", "A" * 43)
        answer = visitor.get(path)
        assert answer.status_int == 503, path
        assert answer.headers["Retry-After"]
        assert any(COMMAND in line or "migrate, with" in line for line in told(caplog)), path
    if "var/" in empty_url:
        (tmp_path / "var").mkdir()
    fill(empty_url)
    visitor.cookiejar.clear()
    assert visitor.get("/readyz").status_int == 200
    assert visitor.get("/").status_int == 200
    assert visitor.send("/cart/items", sku="sejak").status_int == 303


@pytest.mark.parametrize("url", ["sqlite_url", "postgres_url"])
def test_readyz_waits_for_the_last_migration_P3(
    request: pytest.FixtureRequest,
    start_shop: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    url: str,
) -> None:
    settings = {"sqlalchemy.url": request.getfixturevalue(url)}
    shop = start_shop("database", **settings)
    visitor = Visitor(shop)
    versions = {"": 503, "another, newer one": 200}
    versions |= dict.fromkeys(migrations()[:-1], 503) | {migrations()[-1]: 200}
    for version, status in versions.items():
        with engine_of(shop).begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
            if version:
                row = {"version": version}
                connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), row)
        answer = visitor.get("/readyz")
        assert answer.status_int == status, version
        assert answer.json["failing"] == (["database"] if status == 503 else [])
        assert any(COMMAND in line for line in told(caplog)) == (status == 503)


def test_the_command_names_the_ini_file_P3(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {
        "session.strategy": "memory",
        "session.secret": "a-secret-of-the-tests-0123456789abcdef",
        "sqlalchemy.url": f"sqlite:///{tmp_path}/x.sqlite",
        "demo.labs": "true",
    }
    engine_of(make_app({"__file__": str(DEVELOPMENT)}, settings)).dispose()
    assert told(caplog) == [f"the database is not migrated; {COMMAND}{DEVELOPMENT}"]


def test_no_connection_of_the_start_is_left_for_a_fork_P3(
    start_shop: Callable[..., Any],
    postgres_server: PostgresServer,
    postgres_url: str,
    sqlite_url: str,
) -> None:
    """Two processes would talk over one socket, and lock one file as if they were one."""
    start_shop("database", **{"sqlalchemy.url": postgres_url})
    start_shop("database", **{"sqlalchemy.url": sqlite_url})
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = :name"
    beside = create_engine(postgres_server.url)
    with beside.connect() as connection:
        row = {"name": make_url(postgres_url).database}
        # the server needs a moment to see that a connection is closed
        assert wait_until(lambda: connection.scalar(text(asked), row) == 0, 5)
    beside.dispose()
    database = Path(str(make_url(sqlite_url).database))
    opened = list(Path("/proc/self/fd").iterdir())
    assert database not in [one.readlink() for one in opened if one.is_symlink()]


# -- the session layer alone


@pytest.mark.parametrize("empty_url", ["sqlite", "postgresql"], indirect=True)
def test_an_application_without_the_table_is_told_at_start_and_at_use_P3(
    caplog: pytest.LogCaptureFixture, empty_url: str
) -> None:
    with bare({"session.strategy": "database", "sqlalchemy.url": empty_url}) as app:
        assert any("demoapp.sessions.database.metadata" in line for line in told(caplog))
        browser = Browser(app)
        browser.do(lambda request: request.session.update(a=1))
        assert browser.status == 503
        assert "demoapp.sessions.database.metadata" in str(browser.error)
        make_tables(empty_url)
        browser.begin(a=1)
        assert browser.look()["a"] == 1


def test_a_database_in_memory_is_there_after_the_start_P3() -> None:
    """It is its one connection's."""
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (id INTEGER)"))
    settings = {"session.strategy": "database", "session.secret": "x" * 40}
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        config.add_request_method(lambda request: Session(engine), "dbsession", reify=True)
    config.make_wsgi_app()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM note")) == 0
    engine.dispose()
