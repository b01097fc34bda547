"""What /strategies claims is true: each answer in its table names one of these tests."""

import base64
import inspect
import json
import pickle
import tomllib
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pyramid_session_redis
import pytest
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid_beaker import session_factory_from_settings
from redis import Redis
from sqlalchemy import create_engine, text
from webtest import TestApp

from demoapp.lessons.content import HERE, content
from demoapp.lessons.strategies import compare, figures
from demoapp.sessions.interfaces import SessionTooLarge
from tests.front.test_timing import trips
from tests.servers import RedisServer
from tests.shops import SECRET, STRATEGIES, Visitor, close_shop, open_shop

StartShop = Callable[..., Any]
ROOT = HERE.parent.parent
QUESTIONS = [question["id"] for question in content("strategies", "en")["question"]]


def with_a_cart(shop: Any) -> Visitor:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    return visitor


def cart_at(shop: Any, visitor: Visitor) -> int:
    """The same visitor's cart, as another shop sees it."""
    there = Visitor(shop)
    there.set_cookie("session", visitor.cookie() or "")
    return int(there.state()["cart"]["quantity"])


# -- the table


def test_where_the_cart_lives(
    start_shop: StartShop, strategy: str, sqlite_url: str, redis_server: RedisServer
) -> None:
    with Redis.from_url(redis_server.url) as redis:
        redis.flushdb()
        visitor = with_a_cart(start_shop(strategy, **{"sqlalchemy.url": sqlite_url}))
        engine = create_engine(sqlite_url)
        with engine.connect() as connection:
            rows = list(connection.execute(text("SELECT data FROM session")))
        engine.dispose()
        in_redis = [redis.get(key) for key in redis.scan_iter("session:*")]
    assert (len(rows) == 1 and '"ujeon"' in rows[0].data) == (strategy == "database")
    assert (len(in_redis) == 1 and b'"ujeon"' in (in_redis[0] or b"")) == (strategy == "redis")
    assert (len(visitor.cookie() or "") == 43) == (strategy != "custom")


def test_what_survives_a_restart(start_shop: StartShop, strategy: str, sqlite_url: str) -> None:
    """A new application on the same database and Redis; tests/integration stops real processes."""
    visitor = with_a_cart(start_shop(strategy, **{"sqlalchemy.url": sqlite_url}))
    again = start_shop(strategy, **{"sqlalchemy.url": sqlite_url})
    assert cart_at(again, visitor) == (0 if strategy == "memory" else 2)


def test_who_shares_it(start_shop: StartShop, strategy: str, sqlite_url: str) -> None:
    one, two = (start_shop(strategy, **{"sqlalchemy.url": sqlite_url}) for _ in range(2))
    visitor = with_a_cart(one)
    assert cart_at(one, visitor) == 2
    assert cart_at(two, visitor) == (0 if strategy == "memory" else 2)


def test_how_large_it_may_grow(strategy: str, sqlite_url: str, redis_server: RedisServer) -> None:
    settings = {
        "session.strategy": strategy,
        "session.secret": SECRET,
        "session.redis.url": redis_server.url,
        "sqlalchemy.url": sqlite_url,
    }
    with Configurator(settings=settings) as config:
        config.include("demoapp.sessions")
        config.include("demoapp.db")
        config.add_route("fill", "/{letter}/{count}")

        def fill(request: Any) -> Any:
            request.session["x"] = request.matchdict["letter"] * int(request.matchdict["count"])
            return request.response

        config.add_view(fill, route_name="fill")
    app = config.make_wsgi_app()
    fits, too_large = (2900, 3000) if strategy == "custom" else (65_000, 66_000)
    hangul_fits, hangul_too_large = (950, 1000) if strategy == "custom" else (21_000, 22_000)
    for letter, count in (("a", fits), ("%EA%B0%80", hangul_fits)):
        assert TestApp(app).get(f"/{letter}/{count}").status_int == 200
    for letter, count in (("a", too_large), ("%EA%B0%80", hangul_too_large)):
        with pytest.raises(SessionTooLarge):
            TestApp(app).get(f"/{letter}/{count}")
    config.registry["dbsession_factory"].kw["bind"].dispose()


def test_another_device_is_ended(shop: Any, strategy: str) -> None:
    here, there = Visitor(shop), Visitor(shop)
    here.log_in(), there.log_in()
    handle = there.state()["handle"]
    one = here.send(f"/account/sessions/{handle}/revoke")
    assert one.status_int == (404 if strategy == "custom" else 303)
    assert there.state()["user"] == ("demo" if strategy == "custom" else None)
    here.send("/account/sessions/revoke-others")
    assert there.state()["user"] is None
    assert here.state()["user"] == "demo"


def test_what_the_cookie_tells_its_reader(shop: Any, strategy: str) -> None:
    """Decoded without any secret, as every visitor can."""
    cookie = with_a_cart(shop).cookie() or ""
    seen = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    assert (b'"ujeon":2' in seen) == (strategy == "custom")


def test_round_trips(shop: Any, strategy: str) -> None:
    """Those of the Server-Timing header; tests/front/test_timing.py shows that it counts right."""
    visitor = with_a_cart(shop)
    fields = {"csrf_token": visitor.token(), "sku": "ujeon"}
    visitor.post("/cart/items", fields)
    visitor.get("/cart")
    read = trips(visitor.get("/cart"))
    change = trips(visitor.post("/cart/items", fields))
    expected = {"memory": (0, 0), "redis": (1, 3), "database": (1, 2), "custom": (0, 0)}
    assert (sum(read.values()), sum(change.values())) == expected[strategy]


# -- the libraries that people find


def test_pyramid_session_redis_pickles_and_sets_no_samesite_by_default() -> None:
    defaults = inspect.signature(pyramid_session_redis.RedisSessionFactory).parameters
    assert defaults["serialize"].default is pickle.dumps
    assert defaults["cookie_samesite"].default is None


def test_beaker_without_settings_is_memory_and_adopts_an_id_it_never_issued() -> None:
    factory = session_factory_from_settings({})
    session = factory(Request.blank("/", headers={"Cookie": "beaker.session.id=chosen"}))
    session["cart"] = "full"
    assert session.id == "chosen"
    assert type(session.namespace).__name__ == "MemoryNamespaceManager"


def test_beaker_leaves_the_old_record_usable_when_it_invalidates() -> None:
    factory = session_factory_from_settings({})
    session = factory(Request.blank("/"))
    session["user"] = "demo"
    session.persist()
    old = {"Cookie": f"beaker.session.id={session.id}"}
    session = factory(Request.blank("/", headers=old))
    assert session["user"] == "demo"
    session.invalidate()
    session.persist()
    assert factory(Request.blank("/", headers=old)).get("user") == "demo"


# -- the pages


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_question_is_answered_and_every_proof_exists(name: str) -> None:
    texts = (HERE / "strategies" / "strategies.toml").read_text(encoding="utf-8")
    answers = tomllib.loads(texts)[name]["answer"]
    assert [*answers, "measured"] and {*answers, "measured"} == set(QUESTIONS)
    for question, answer in answers.items():
        assert answer["en"] and answer["ko"]
        if question != "when":
            path, _, test = answer["proof"].partition("::")
            assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_the_pages_show_pictures_tables_and_the_source_itself(
    start_shop: StartShop, locale: str
) -> None:
    visitor = Visitor(start_shop("memory"))
    visitor.set_cookie("locale", locale)
    page = visitor.get("/strategies").html
    assert len(page.select("svg.picture")) == 4
    assert len(page.select(".compare tbody tr")) == len(QUESTIONS)
    for name in STRATEGIES:
        page = visitor.get(f"/strategies/{name}").html
        source = inspect.getsource(import_module(f"demoapp.sessions.{name}"))
        assert page.select_one(".source pre").get_text().split() == source.split()
        told = content("strategies", locale)[name]
        assert [step.get_text() for step in page.select("svg.sequence .step")] == [
            step["text"] for step in told["step"]
        ]
        assert told["failure"][0] in page.get_text()
    assert visitor.get("/strategies/cassandra").status_int == 404


# -- the ini lines on the pages


def ini_lines() -> Iterator[Any]:
    for name in STRATEGIES:
        told = content("strategies", "en")[name]
        yield pytest.param(told["ini"], id=name)
        for library in told.get("library", ()):
            if library["runs"]:
                yield pytest.param(library["ini"], id=f"{name}-{library['name']}")


@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
@pytest.mark.parametrize("lines", list(ini_lines()))
def test_the_ini_lines_run_as_they_are(
    lines: str, sqlite_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    """But for the addresses of the servers, and a secret where the lines say none."""
    ini = ConfigParser()
    ini.read_string(f"[DEFAULT]\nhere = {tmp_path}\n[app:main]\n{lines}")
    settings = {key: value for key, value in ini["app:main"].items() if key != "here"}
    for key, value in settings.items():
        if value.startswith("redis://"):
            settings[key] = redis_server.url
    (tmp_path / "var").mkdir()
    settings.setdefault("session.secret", SECRET)
    shop = open_shop(
        settings["session.strategy"], sqlite_url, {**settings, "sqlalchemy.url": sqlite_url}
    )
    try:
        visitor = with_a_cart(shop)
        assert visitor.state()["cart"]["quantity"] == 2
    finally:
        close_shop(shop)


# -- demoapp-compare


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "var" / "compare"


def test_compare_measures_what_is_there_and_names_what_is_missing(
    start_shop: StartShop,
    folder: Path,
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(compare, "ROUNDS", 2)
    monkeypatch.setattr(compare, "REQUESTS", 3)
    monkeypatch.setattr(figures, "REFERENCE", tmp_path / "none.json")
    visitor = Visitor(start_shop("memory", **{"sqlalchemy.url": sqlite_url}))
    assert "demoapp-compare" in visitor.get("/strategies").text
    assert visitor.get("/strategies").html.select_one("svg.plot") is None
    ini = tmp_path / "shop.ini"
    ini.write_text(
        f"[app:main]\nuse = egg:demoapp\nsession.strategy = memory\nsession.secret = {SECRET}\n"
        f"session.redis.url = redis://127.0.0.1:1/0\nsqlalchemy.url = {sqlite_url}\n"
        "demo.labs = true\ndemo.hosts = shop.example.org\nsession.custom.factory = not.there\n",
        encoding="utf-8",
    )
    compare.main([str(ini)])
    assert "redis      missing: " in capsys.readouterr().out
    measured = json.loads((folder / "figures.json").read_text(encoding="utf-8"))["strategies"]
    assert measured["database"]["change"]["trips"] == 2
    assert measured["memory"]["read"]["session_ms"] > 0
    assert (folder / "plot.svg").read_text(encoding="utf-8").startswith("<svg")
    page = visitor.get("/strategies")
    bars = page.html.select("svg.plot rect")
    assert len(bars) == 6  # two a strategy, but for redis
    assert figures.in_short(figures.load(None) or {}, "custom") in page.text


def test_until_it_is_measured_here_the_benchmarks_are_shown(
    start_shop: StartShop, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "REFERENCE", tmp_path / "benchmarks.json")
    visitor = Visitor(start_shop("memory"))
    for broken in ("", "[]", "{}", '{"in_process": {"memory: memory": {"read": {}}}}'):
        figures.REFERENCE.write_text(broken, encoding="utf-8")
        assert "not measured yet" in visitor.get("/strategies").html.find("table").text
    own = {"read": {"median": 1234.5}, "add": {"median": 2500}}
    found = dict.fromkeys(figures.CONTENDERS.values(), own)
    figures.REFERENCE.write_text(json.dumps({"in_process": found}), encoding="utf-8")
    page = visitor.get("/strategies").html
    assert page.find("table").text.count("1.23 / 2.50") == 4
    assert "for reference · measure here" in page.find("table").text
    assert "demoapp-compare" in page.find(class_="measured").text
    assert len(page.select("svg.plot rect")) == 8


def test_the_figures_are_beside_the_ini_file_P1() -> None:
    assert figures.folder("/srv/tea/shop.ini") == Path("/srv/tea/var/compare")


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"strategies": {"memory": {"read": 1}}}'])
def test_figures_that_are_not_ours_count_as_none(folder: Path, broken: str) -> None:
    folder.mkdir(parents=True)
    (folder / "figures.json").write_text(broken, encoding="utf-8")
    assert figures.load(None) is None
