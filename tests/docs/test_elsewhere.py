"""Ten things you will read elsewhere (docs/en/elsewhere.md), tried on the real libraries."""

import base64
import json
import os
import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyramid.session
import pytest
import redis
from beaker.container import MemoryNamespaceManager
from pyramid.authentication import SessionAuthenticationHelper
from pyramid.config import Configurator
from pyramid.security import remember
from pyramid.session import SignedCookieSessionFactory
from webtest import TestApp

from tests.servers import RedisServer

DOCS = Path(__file__).resolve().parents[2] / "docs"
SECRET = "of-these-tests-only-0123456789-0123456789"
View = Callable[[Any], Any]


def look(request: Any) -> Any:
    return dict(request.session)


def put(request: Any) -> Any:
    request.session["cart"] = ["sejak"]
    return "put"


def end(request: Any) -> Any:
    request.session.invalidate()
    return "ended"


def site(
    factory: Any = None, include: Any = None, settings: dict[str, str] | None = None, **views: View
) -> TestApp:
    """An application with these pages, and a browser that knows it."""
    with Configurator(settings=settings) as config:
        if include:
            config.include(include)
        if factory:
            config.set_session_factory(factory)
        for name, view in {"look": look, "put": put, "end": end, **views}.items():
            config.add_route(name, f"/{name}")
            config.add_view(view, route_name=name, renderer="json")
    return TestApp(config.make_wsgi_app())


def with_cookie(site: TestApp, name: str, value: str) -> TestApp:
    """Another browser, which shows this cookie."""
    other = TestApp(site.app)
    other.set_cookie(name, value)
    return other


def read(cookie: str) -> Any:
    """What anybody can read: after the signature, which is 64 bytes of SHA-512, comes JSON."""
    return json.loads(base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))[64:])


class Clock:
    """Stands in for the module `time` inside pyramid.session."""

    now = 1_800_000_000.9

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pyramid.session, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def nothing_in_beaker() -> Iterator[None]:
    yield
    MemoryNamespaceManager.namespaces.clear()


def test_1_there_is_no_session_by_default() -> None:
    with pytest.raises(AttributeError) as error:
        site().get("/put")
    for locale in ("en", "ko"):
        page = (DOCS / locale / "elsewhere.md").read_text(encoding="utf-8")
        assert f"\nAttributeError: {error.value}\n" in page


def test_2_there_is_no_set_session_factory_from_settings() -> None:
    for add_on in ("pyramid_beaker", "pyramid_session_redis"):
        config = Configurator(settings={"redis.sessions.secret": SECRET})
        config.include(add_on)
        with pytest.raises(AttributeError, match="set_session_factory_from_settings"):
            config.set_session_factory_from_settings({})
        maker = config.maybe_dotted(f"{add_on}.session_factory_from_settings")
        config.set_session_factory(maker({"redis.sessions.secret": SECRET}))


def test_3_what_pyramid_redis_sessions_imports_is_gone() -> None:
    """The first lines of version 1.0.1 import it; so of that version nothing else can be shown."""
    with pytest.raises(ImportError, match="signed_deserialize"):
        exec("from pyramid.session import signed_deserialize")  # noqa: S102


def test_4_pyramid_beaker_without_settings_is_memory() -> None:
    browser = site(include="pyramid_beaker", where=lambda r: type(r.session.namespace).__name__)
    browser.get("/put")
    assert browser.get("/where").json == "MemoryNamespaceManager"
    MemoryNamespaceManager.namespaces.clear()  # as when the process ends
    assert "cart" not in browser.get("/look").json


def test_4_its_invalidate_leaves_the_record() -> None:
    browser = site(include="pyramid_beaker")
    browser.get("/put")
    copied = browser.cookies["beaker.session.id"]
    browser.get("/end")
    assert "cart" not in browser.get("/look").json
    assert with_cookie(browser, "beaker.session.id", copied).get("/look").json["cart"] == ["sejak"]


def test_4_it_adopts_an_id_that_it_never_issued() -> None:
    victim = with_cookie(site(include="pyramid_beaker"), "beaker.session.id", "a" * 32)
    victim.get("/put")
    attacker = with_cookie(victim, "beaker.session.id", "a" * 32)
    assert attacker.get("/look").json["cart"] == ["sejak"]
    signed = site(include="pyramid_beaker", settings={"beaker.session.secret": SECRET})
    safe = with_cookie(signed, "beaker.session.id", "a" * 32)
    safe.get("/put")
    assert "a" * 32 not in safe.cookies["beaker.session.id"]


def test_5_the_signed_cookie_can_be_read_by_anybody() -> None:
    browser = site(SignedCookieSessionFactory(SECRET))
    browser.get("/put")
    assert read(browser.cookies["session"])[2] == {"cart": ["sejak"]}


def test_5_it_makes_a_factory_and_is_none() -> None:
    with pytest.raises(TypeError):
        site(SignedCookieSessionFactory).get("/put")


def test_6_invalidate_takes_no_cookie_back() -> None:
    browser = site(SignedCookieSessionFactory(SECRET))
    browser.get("/put")
    copied = browser.cookies["session"]
    browser.get("/end")
    assert read(browser.cookies["session"])[2] == {}  # another cookie, and none taken away
    assert with_cookie(browser, "session", copied).get("/look").json == {"cart": ["sejak"]}


def test_7_an_expired_cookie_session_is_not_new(clock: Clock) -> None:
    def state(request: Any) -> Any:
        session = request.session
        return [dict(session), session.new, session.created]

    browser = site(SignedCookieSessionFactory(SECRET, timeout=60), state=state)
    began = clock.now
    browser.get("/put")
    clock.now += 100_000
    assert browser.get("/state").json == [{}, False, pytest.approx(began)]


def test_8_reissue_time_compares_whole_seconds(clock: Clock) -> None:
    browser = site(SignedCookieSessionFactory(SECRET, timeout=60, reissue_time=0))
    browser.get("/put")
    renewed = []
    for seconds in (0.05, 0.3):  # within the same second, and then in the next one
        clock.now += seconds
        renewed.append("Set-Cookie" in browser.get("/look").headers)
    assert renewed == [False, True]


def logged_in(request: Any) -> Any:
    """What the documentation of Pyramid shows for a login."""
    before = request.session.get_csrf_token()
    for name, value in remember(request, "minji"):
        request.response.headers.add(name, value)
    return [before, request.session.get_csrf_token()]


class Policy:
    """The least there is: a login is a value in the session."""

    def __init__(self) -> None:
        self.helper = SessionAuthenticationHelper()

    def remember(self, request: Any, userid: str, **kw: Any) -> Any:
        return self.helper.remember(request, userid, **kw)


# pyramid_session_redis 1.8.1 calls SETEX, which redis-py 8 would like to see as SET
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_9_a_login_changes_neither_the_id_nor_the_token(redis_server: RedisServer) -> None:
    def with_policy(config: Any) -> None:
        config.include("pyramid_session_redis")
        config.set_security_policy(Policy())

    browser = site(include=with_policy, settings=theirs(redis_server), login=logged_in)
    browser.get("/put")
    before = browser.cookies["session"]
    first, second = browser.get("/login").json
    assert first == second
    assert browser.cookies["session"] == before
    assert "minji" in with_cookie(browser, "session", before).get("/look").json.values()


def theirs(redis_server: RedisServer) -> dict[str, str]:
    return {
        "redis.sessions.secret": SECRET,
        "redis.sessions.redis_url": redis_server.url,
        "redis.sessions.prefix": "theirs:",
    }


class Planted:
    """Unpickled, it runs what somebody wrote who may write to Redis, and nothing else."""

    def __reduce__(self) -> Any:
        return exec, ("import os; os.environ['PLANTED'] = 'was run'",)


@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_10_pyramid_session_redis_pickles_and_sets_no_samesite(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = theirs(redis_server)
    monkeypatch.setenv("PLANTED", "")
    browser = site(include="pyramid_session_redis", settings=settings)
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushdb()
        answer = browser.get("/put")
        [key] = client.keys("theirs:*")
        client.set(key, pickle.dumps(Planted()))
    with suppress(Exception):  # what it makes of the session afterwards is all the same
        browser.get("/look")
    assert os.environ["PLANTED"] == "was run"
    assert "samesite" not in answer.headers["Set-Cookie"].lower()
    better = {
        "redis.sessions.serialize": f"{__name__}.to_json",
        "redis.sessions.deserialize": "json.loads",
        "redis.sessions.cookie_samesite": "Lax",
    }
    browser = site(include="pyramid_session_redis", settings={**settings, **better})
    assert "SameSite=Lax" in browser.get("/put").headers["Set-Cookie"]
    assert browser.get("/look").json == {"cart": ["sejak"]}


def to_json(values: Any) -> bytes:
    return json.dumps(values).encode()


LIBRARIES = ("Pyramid", "pyramid_beaker", "Beaker", "pyramid_session_redis")


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_the_page_names_every_test_and_every_version(locale: str) -> None:
    page = (DOCS / locale / "elsewhere.md").read_text(encoding="utf-8")
    ours = re.findall(r"^def (test_\d+_\w+)", Path(__file__).read_text(), re.MULTILINE)
    assert re.findall(r"`(test_\d+_\w+)`", page) == ours
    for name in LIBRARIES:
        assert set(re.findall(rf"\b{name} (\d[\d.]*\d)", page)) == {version(name)}, name
