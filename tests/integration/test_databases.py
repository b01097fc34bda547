"""Databases as people run them (P3): pooled, with options in the URL, in another encoding."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from demoapp.db import engine_from, make_engine
from demoapp.db.postgresql import LIMITS
from demoapp.scripts import init
from demoapp.sessions.ini import SettingsError
from tests.integration.bare import engine_of
from tests.integration.test_init import ini_with
from tests.processes import free_port
from tests.servers import PgBouncer, PostgresServer
from tests.shops import Visitor

OURS = {name: f"{value}ms" for name, value in LIMITS.items()} | {"statement_timeout": "4s"}


@pytest.fixture
def opened() -> Iterator[Callable[..., Engine]]:
    """`make_engine`; disposed of at the end."""
    engines: list[Engine] = []

    def open_one(url: str, **options: str) -> Engine:
        engines.append(make_engine(url, **options))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.dispose()


def limits(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return {name: str(connection.scalar(text(f"SHOW {name}"))) for name in LIMITS}


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def asked(url: str, question: str) -> Any:
    """By another program."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        result = connection.execute(question)
        row = result.fetchone() if result.description else None
    return row and row[0]


# -- PgBouncer in transaction mode


@pytest.fixture
def pooled_url(pgbouncer: PgBouncer, postgres_url: str) -> str:
    """Of a filled database, through PgBouncer."""
    return pgbouncer.url_of(str(make_url(postgres_url).database))


@pytest.mark.parametrize("strategy", ["redis", "database"])
def test_the_shop_goes_on_through_a_pooler_P3(
    start_shop: Callable[..., Any], pooled_url: str, strategy: str
) -> None:
    """By turns, so that each connection of the server's has been another's before."""
    shops = [start_shop(strategy, **{"sqlalchemy.url": pooled_url}) for _ in range(2)]
    visitors = [Visitor(shop) for shop in shops]
    for visitor in visitors:
        assert visitor.log_in().status_int == 303
    for number in range(7):
        for visitor in visitors:
            assert visitor.get("/").status_int == 200
            assert visitor.send("/cart/items", sku="sejak").status_int == 303
            assert visitor.state()["cart"]["quantity"] == number + 1
            assert visitor.get("/readyz").status_int == 200


def test_what_is_sent_often_is_not_prepared_on_a_pooler_P3(
    opened: Callable[..., Engine], pooled_url: str
) -> None:
    """psycopg would begin to at the sixth commit, and the other's would have the same name."""
    engines = [opened(pooled_url) for _ in range(2)]
    for number in range(8):
        for engine in engines:
            with engine.begin() as connection:
                assert connection.scalar(text("SELECT :number + 1"), {"number": number})


def test_time_outs_are_those_of_each_transaction_on_a_pooler_P3(
    opened: Callable[..., Engine], pooled_url: str
) -> None:
    one, other = opened(pooled_url), opened(pooled_url)
    with one.connect() as held:
        held.execute(text("SELECT 1"))
        assert [limits(other), limits(other)] == [OURS, OURS]
        held.rollback()
        assert held.scalar(text("SHOW lock_timeout")) == OURS["lock_timeout"]
    # nothing of it is left on the server's connection for whoever has it next
    assert {asked(pooled_url, "SHOW lock_timeout") for _ in range(3)} == {"0"}
    with pytest.raises(OperationalError, match="statement timeout"), one.connect() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 10"))
        connection.execute(text("SELECT pg_sleep(5)"))


def test_migrations_pass_a_pooler_P3(
    pgbouncer: PgBouncer, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    postgres_server.create_database(f"pooled_{tmp_path.name}")
    url = pgbouncer.url_of(f"pooled_{tmp_path.name}")
    init.main([ini_with(tmp_path, sqlalchemy_url=url)])
    assert asked(url, "SELECT count(*) FROM product") > 10


def refusal(ini: str, capture: pytest.CaptureFixture[str]) -> str:
    """The one line of demoapp-init; what SystemExit holds, Python prints."""
    with pytest.raises(SystemExit) as refused:
        init.main([ini])
    [line] = (capture.readouterr().err or str(refused.value)).splitlines()
    return line


def test_a_pooler_that_drops_options_is_told_in_a_line_P3(
    postgres_server: PostgresServer,
    postgres_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It would be another schema, in silence. One that refuses them says so itself."""
    told = {"extra_float_digits": "startup parameter: options", "options": "ALTER ROLE"}
    for ignored, reason in told.items():
        with PgBouncer(postgres_server, ignore_startup_parameters=ignored) as pooler:
            url = pooler.url_of(str(make_url(postgres_url).database))
            ini = ini_with(tmp_path, sqlalchemy_url=f"{url}?options=-csearch_path%%3Dtea")
            assert reason in refusal(ini, capsys)


# -- what is said already stays


def test_options_and_time_outs_of_the_url_stay_P3(
    opened: Callable[..., Engine], postgres_url: str
) -> None:
    options = "-clock_timeout%3D77%20-csearch_path%3Dtea"
    engine = opened(f"{postgres_url}?options={options}&connect_timeout=7")
    assert limits(engine) == OURS | {"lock_timeout": "77ms"}
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW search_path")) == "tea"
        driver: Any = connection.connection.driver_connection
        assert driver.info.get_parameters()["connect_timeout"] == "7"


def test_time_outs_of_the_database_stay_P3(
    opened: Callable[..., Engine], postgres_url: str, pooled_url: str
) -> None:
    name = make_url(postgres_url).database
    asked(postgres_url, f"ALTER DATABASE {name} SET statement_timeout = 0")
    for url in (postgres_url, pooled_url):
        assert limits(opened(url)) == OURS | {"statement_timeout": "0"}


def test_a_time_out_in_the_url_of_sqlite_stays_P3(
    opened: Callable[..., Engine], tmp_path: Path
) -> None:
    found = []
    for query in ("", "?timeout=7"):
        with opened(f"sqlite:///{tmp_path}/x.sqlite{query}").connect() as connection:
            found.append(connection.scalar(text("PRAGMA busy_timeout")))
    assert found == [1300, 7000]


def test_the_shop_lives_in_the_schema_of_the_url_P3(
    start_shop: Callable[..., Any], postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = postgres_server.create_database(f"schema_{tmp_path.name}")
    asked(url, "CREATE SCHEMA tea")
    url += "?options=-csearch_path%3Dtea"
    init.main([ini_with(tmp_path, sqlalchemy_url=url.replace("%", "%%"))])
    visitor = Visitor(start_shop("database", **{"sqlalchemy.url": url}))
    assert visitor.send("/cart/items", sku="sejak").status_int == 303
    assert visitor.get("/readyz").status_int == 200
    schemas = "SELECT string_agg(DISTINCT schemaname, ' ') FROM pg_tables WHERE tablename IN "
    assert asked(url, f"{schemas} ('session', 'product', 'alembic_version')") == "tea"


# -- sqlalchemy.*


def test_settings_of_sqlalchemy_are_heard_P3(start_shop: Callable[..., Any]) -> None:
    settings = {
        "sqlalchemy.pool_size": "3",
        "sqlalchemy.max_overflow": "0",
        "sqlalchemy.pool_timeout": "1",
        "sqlalchemy.pool_pre_ping": "false",
        "sqlalchemy.echo": "false",
    }
    engine: Any = engine_of(start_shop("memory", **settings))
    assert engine.pool.size() == 3
    assert engine.pool._max_overflow == 0
    assert engine.pool._timeout == 1
    assert engine.pool._pre_ping is False
    assert engine.hide_parameters


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pool_size", "many"),
        ("pool_size", "-1"),
        ("pool_timeout", "-1"),
        ("max_overflow", "some"),
        ("pool_pre_ping", "perhaps"),
        ("poolsize", "5"),
        ("connect_args", "sslmode"),
        ("poolclass", "NullPool"),
        ("isolation_level", "AUTOCOMMIT"),
        ("isolation_level", "autocommit"),
    ],
)
def test_a_wrong_setting_of_sqlalchemy_is_told_in_a_line_P3(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        engine_from({"sqlalchemy.url": "sqlite:///x.sqlite", f"sqlalchemy.{key}": value})
    assert f"sqlalchemy.{key} = {value}" in str(refused.value).replace("'", "")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_told_in_a_line_P3(url: str) -> None:
    """Nobody could fill it for the shop."""
    with pytest.raises(SettingsError, match=r"sqlalchemy\.url names no file, as in sqlite:///%"):
        engine_from({"sqlalchemy.url": url})


@pytest.mark.parametrize("strategy", ["memory", "database"])
def test_an_isolation_level_that_is_none_is_told_in_a_line_P3(
    start_shop: Callable[..., Any], strategy: str
) -> None:
    with pytest.raises(SystemExit, match="isolation"):
        start_shop(strategy, **{"sqlalchemy.isolation_level": "PERFECT"})


# -- another encoding


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def other_encoding(
    request: pytest.FixtureRequest, postgres_server: PostgresServer
) -> Iterator[Callable[[], str]]:
    """Makes a database in it; it has tables, but no Korean tea could be kept there."""
    name = f"encoded_{request.param.lower()}"

    def create() -> str:
        options = f"TEMPLATE template0 LOCALE 'C' ENCODING '{request.param}'"
        asked(postgres_server.url, f"CREATE DATABASE {name} {options}")
        return postgres_server.url_of(name)

    yield create
    postgres_server.drop_database(name)


def test_another_encoding_is_told_in_a_line_P3(
    other_encoding: Callable[[], str],
    start_shop: Callable[..., Any],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url = other_encoding()
    assert "createdb --encoding=UTF8" in refusal(ini_with(tmp_path, sqlalchemy_url=url), capfd)
    for strategy in ("memory", "database"):
        capfd.readouterr()
        with pytest.raises(SystemExit):
            start_shop(strategy, **{"sqlalchemy.url": url})
        [line] = capfd.readouterr().err.splitlines()
        assert "createdb --encoding=UTF8" in line


def test_another_encoding_found_later_is_503_P3(
    other_encoding: Callable[[], str],
    start_shop: Callable[..., Any],
    postgres_server: PostgresServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = other_encoding()
    name = str(make_url(url).database)
    postgres_server.drop_database(name)
    visitor = Visitor(start_shop("database", **{"sqlalchemy.url": url}))
    other_encoding()
    caplog.clear()
    for path in ("/", "/cart", "/readyz"):
        assert visitor.get(path).status_int == 503
    assert "createdb --encoding=UTF8" in caplog.text
    assert "Traceback" not in caplog.text


# -- migrations without a server


def alembic(ini: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.prefix, "bin", "alembic")), "-c", ini, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_migrations_are_written_down_without_a_server_P3(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    nowhere = f"postgresql+psycopg://shop@127.0.0.1:{free_port()}/shop"
    written = alembic(ini_with(tmp_path, sqlalchemy_url=nowhere), "upgrade", "head", "--sql")
    assert written.returncode == 0, written.stderr
    url = postgres_server.create_database(f"offline_{tmp_path.name}")
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(written.stdout.encode())
    ini = ini_with(tmp_path, sqlalchemy_url=url)
    assert alembic(ini, "check").returncode == 0
    fill_again = init.prepare(ini)
    assert "products" in fill_again


def test_sqlite_says_that_it_cannot_in_a_line_P3(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none/x.sqlite"
    result = alembic(ini_with(tmp_path, sqlalchemy_url=url), "upgrade", "head", "--sql")
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    assert "--sql mode" in result.stdout
    assert not (tmp_path / "none").exists()
