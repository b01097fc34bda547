"""No write is lost in silence (S19): late ones, those of a failed request, and of subrequests.

Bare applications: the session layer and one view, which does what a test tells it to.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import EXCVIEW
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from transaction.interfaces import TransientError

from demoapp.sessions.database import metadata
from demoapp.sessions.interfaces import SessionError
from tests.matrix import ALL, SERVER_SIDE, on
from tests.sessions.visitor import Act, Visitor, late_view, view
from tests.shops import SECRET, close_shop

VETO = "pyramid_tm.default_commit_veto"
TM = "pyramid_tm.tm_tween_factory"


class Refused(Exception):
    """What a view raises; an exception view answers it."""


class Again(TransientError):
    """What makes a request be replayed."""


def told(request: Any, name: str) -> None:
    """Do what the test has left in the environ for this moment."""
    if name in request.environ:
        request.environ[name](request)


def over_tm(handler: Any, registry: Any) -> Any:
    def tween(request: Any) -> Any:
        response = handler(request)
        told(request, "test.over_tm")
        return response

    return tween


def under_tm(handler: Any, registry: Any) -> Any:
    def tween(request: Any) -> Any:
        response = handler(request)
        told(request, "test.under_tm")
        return response

    return tween


def redirect_view(error: Any, request: Any) -> Any:
    told(request, "test.redirect")
    return error


def make_app(settings: dict[str, str]) -> Any:
    with Configurator(settings={"session.secret": SECRET, **settings}) as config:
        config.include("demoapp.sessions")
        config.include("demoapp.db")
        config.add_tween(f"{__name__}.over_tm", over=TM)
        config.add_tween(f"{__name__}.under_tm", under=TM, over=EXCVIEW)
        config.add_subscriber(lambda event: told(event.request, "test.answered"), NewResponse)
        config.add_route("act", "/")
        config.add_view(view, route_name="act", renderer="json")
        config.add_exception_view(late_view, context=Refused, renderer="json")
        config.add_exception_view(redirect_view, context=HTTPSeeOther)
    return config.make_wsgi_app()


@pytest.fixture
def open_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """`open_app("redis", **{"tm.commit_veto": ...})`"""
    url, apps = f"sqlite:///{tmp_path / 'sessions.sqlite'}", []
    engine = create_engine(url)
    metadata.create_all(engine)
    engine.dispose()

    def start(strategy: str, **settings: str) -> Any:
        settings |= {"session.strategy": strategy, "sqlalchemy.url": url}
        settings["tm.manager_hook"] = "pyramid_tm.explicit_manager"
        if strategy == "redis":
            settings["session.redis.url"] = request.getfixturevalue("redis_server").url
        apps.append(make_app(settings))
        return apps[-1]

    yield start
    for app in apps:
        close_shop(app)


@pytest.fixture
def app(open_app: Callable[..., Any], strategy: str) -> Any:
    return open_app(strategy)


@pytest.fixture
def vetoing(open_app: Callable[..., Any], strategy: str) -> Any:
    """With Pyramid's usual veto: of X-Tm, or a status of 4xx or 5xx."""
    return open_app(strategy, **{"tm.commit_veto": VETO})


def visit(app: Any, begun: bool = True) -> Visitor:
    """A visitor with a session, or not yet."""
    visitor = Visitor(app)
    if begun:
        visitor.put(cart=[])
    visitor.sent = []
    return visitor


def kept_or_said(visitor: Visitor, act: Act, caplog: pytest.LogCaptureFixture) -> str:
    """How `late` fared, which `act` puts in: kept, said (raised or logged), or nothing."""
    caplog.set_level(logging.WARNING)
    try:
        visitor.do(act)
    except Exception:  # noqa: BLE001 - whatever it is, it is not silence
        return "said"
    said = any(record.levelno >= logging.WARNING for record in caplog.records)
    return "kept" if visitor.data().get("late") == 1 else "said" if said else "lost in silence"


def write_late(request: Any, *_: Any) -> None:
    request.session["late"] = 1


BEFORE: dict[str, Act] = {
    "nothing": lambda request: None,
    "a read": lambda request: request.session.get("cart"),
    "a write": lambda request: request.session.update(early=1),
}


# -- after the view


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "new"])
@on(ALL, BEFORE)
def test_response_callback_added_before_the_session_was_asked_S19(
    app: Any, name: str, begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def act(request: Any) -> None:
        request.add_response_callback(write_late)
        BEFORE[name](request)

    visitor = visit(app, begun)
    assert kept_or_said(visitor, act, caplog) == "kept"


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "new"])
@on(ALL, BEFORE)
def test_response_callback_added_after_it_S19(
    app: Any, name: str, begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def act(request: Any) -> None:
        BEFORE[name](request)
        request.add_response_callback(write_late)

    visitor = visit(app, begun)
    assert kept_or_said(visitor, act, caplog) in ("kept", "said")


@pytest.mark.parametrize("tween", ["test.over_tm", "test.under_tm"])
@on(ALL, BEFORE)
def test_tween_S19(app: Any, name: str, tween: str, caplog: pytest.LogCaptureFixture) -> None:
    def act(request: Any) -> None:
        BEFORE[name](request)
        request.environ[tween] = write_late

    assert kept_or_said(visit(app), act, caplog) == "kept"


def answered(request: Any) -> None:
    request.environ["test.answered"] = write_late


def finished(request: Any) -> None:
    request.add_finished_callback(write_late)


def streamed(request: Any) -> Any:
    def body() -> Iterator[bytes]:
        write_late(request)
        yield b"null"

    return Response(app_iter=body())


MOMENTS = {"NewResponse": answered, "finished": finished, "app_iter": streamed}


@pytest.mark.parametrize(
    ("before", "begun"), [("nothing", True), ("a write", True), ("nothing", False)]
)
@on(ALL, MOMENTS)
def test_past_the_answer_S19(
    app: Any, name: str, before: str, begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def act(request: Any) -> Any:
        BEFORE[before](request)
        return MOMENTS[name](request)

    assert kept_or_said(visit(app, begun), act, caplog) in ("kept", "said")


# -- what is to come to nothing


def veto(request: Any) -> None:
    request.response.headers["X-Tm"] = "abort"


def refuse(request: Any) -> None:
    request.response.status_int = 400


def doom(request: Any) -> None:
    request.tm.doom()


def redirect(request: Any) -> None:
    raise HTTPSeeOther("/")


def fail(request: Any) -> None:
    raise Refused


CHANGES: dict[str, Callable[[Any], Any]] = {
    "update": lambda session: session.update(late=1),
    "nested": lambda session: (session["cart"].append(1), session.changed()),
    "invalidate": lambda session: session.invalidate(),
    "flash": lambda session: session.flash("lost"),
    "token": lambda session: session.new_csrf_token(),
}
ENDS: dict[str, Callable[[Any], None]] = {"veto": veto, "status": refuse, "doom": doom}


@pytest.mark.parametrize("change", CHANGES)
@on(ALL, ENDS)
def test_vetoed_or_doomed_keeps_nothing_S19(vetoing: Any, name: str, change: str) -> None:
    visitor = visit(vetoing)

    def act(request: Any) -> None:
        CHANGES[change](request.session)
        ENDS[name](request)

    visitor.do(act)
    assert visitor.sent == []
    assert visitor.data() == {"cart": []}


@on(ALL, ENDS)
def test_vetoed_or_doomed_begins_nothing_S19(vetoing: Any, name: str) -> None:
    visitor = visit(vetoing, begun=False)

    def act(request: Any) -> None:
        write_late(request)
        ENDS[name](request)

    visitor.do(act)
    assert visitor.sent == []
    assert visitor.data() == {}


@on(ALL, ["redirect", "fail"])
def test_a_view_that_raises_keeps_nothing_S19(app: Any, name: str) -> None:
    visitor = visit(app)

    def act(request: Any) -> None:
        write_late(request)
        {"redirect": redirect, "fail": fail}[name](request)

    send(visitor, act)
    assert visitor.data() == {"cart": []}


def send(visitor: Visitor, act: Act) -> int:
    """A redirect has no JSON in it."""
    with suppress(ValueError):
        visitor.do(act)
    return visitor.status


READERS = ("nobody", "test.redirect", "test.under_tm", "test.over_tm")


@on(ALL, READERS)
def test_a_raised_redirect_that_is_committed_keeps_all_S19(vetoing: Any, name: str) -> None:
    """With a veto, pyramid_tm asks it alone, and commits what it lets pass."""
    visitor = visit(vetoing)

    def act(request: Any) -> None:
        request.environ[name] = lambda late: late.session.get("cart")
        write_late(request)
        redirect(request)

    assert send(visitor, act) == 303
    assert visitor.data() == {"cart": [], "late": 1}


@on(ALL, READERS)
def test_a_raised_redirect_may_begin_a_session_S19(vetoing: Any, name: str) -> None:
    visitor = visit(vetoing, begun=False)

    def act(request: Any) -> None:
        request.environ[name] = lambda late: late.session.get("cart")
        write_late(request)
        redirect(request)

    assert send(visitor, act) == 303
    assert visitor.data() == {"late": 1}


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "new"])
@on(ALL, BEFORE)
def test_what_an_exception_view_writes_is_kept_S19(app: Any, name: str, begun: bool) -> None:
    visitor = visit(app, begun)

    def act(request: Any) -> None:
        BEFORE[name](request)
        raise Refused

    visitor.do(act, late=write_late)
    assert visitor.status == 418
    assert visitor.data() == {**({"cart": []} if begun else {}), "late": 1}


# -- requests inside a request


def sub_request(request: Any, how: str) -> Any:
    """One with the same cookies."""
    if how.startswith("copy"):
        sub = request.copy()
    else:
        sub = Request.blank("/", headers={"Cookie": request.headers.get("Cookie", "")})
    sub.method = "POST"
    return sub


def invoke(request: Any, how: str, act: Act) -> Any:
    sub = sub_request(request, how)
    sub.environ["test.act"] = act
    return request.invoke_subrequest(sub, use_tweens=how.endswith("with tweens"))


SUB = ("new", "new with tweens", "copy", "copy with tweens")


def once(request: Any) -> None:
    """Nobody else is there: a replay means that the request met itself."""
    assert request.environ["retry.attempt"] == 0, "it conflicts with its own subrequest"


@pytest.mark.parametrize("before", ["nothing", "a read"])
@on(ALL, SUB)
def test_what_a_subrequest_writes_is_kept_S19(
    app: Any, strategy: str, name: str, before: str, caplog: pytest.LogCaptureFixture
) -> None:
    visitor, seen = visit(app), []

    def inner(request: Any) -> None:
        seen.append(request.session.get("cart"))
        write_late(request)

    def act(request: Any) -> None:
        once(request)
        BEFORE[before](request)
        invoke(request, name, inner)

    fate = kept_or_said(visitor, act, caplog)
    assert fate == "kept" or (fate, strategy) == ("said", "custom")
    assert seen == [[]]


@on(SERVER_SIDE, SUB)
def test_both_write_and_both_are_kept_S19(app: Any, name: str) -> None:
    """With tweens it has a transaction of its own: then the request around it is replayed."""
    visitor = visit(app)

    def act(request: Any) -> None:
        if name != "new with tweens":
            once(request)
        request.session["a"] = 1
        invoke(request, name, write_late)
        request.session["b"] = 2

    visitor.do(act)
    assert visitor.data() == {"cart": [], "a": 1, "late": 1, "b": 2}


@on(ALL, ["kept", "lost"])
def test_a_subrequest_of_a_subrequest_commits_with_the_outermost_S19(app: Any, name: str) -> None:
    visitor = visit(app)

    def inner(request: Any) -> None:
        request.session["a"] = 1
        invoke(request, "new", write_late)

    def act(request: Any) -> None:
        once(request)
        invoke(request, "new", inner)
        if name == "lost":
            raise Refused

    visitor.do(act)
    assert visitor.data() == {"cart": [], **({"a": 1, "late": 1} if name == "kept" else {})}


@on(SERVER_SIDE, ["new with tweens"])
def test_a_subrequest_may_fail_alone_S19(app: Any, name: str) -> None:
    """It has a transaction of its own; without tweens it has none that could be doomed."""
    visitor = visit(app)

    def inner(request: Any) -> None:
        write_late(request)
        doom(request)

    def act(request: Any) -> None:
        request.session["a"] = 1
        invoke(request, name, inner)

    visitor.do(act)
    assert visitor.data() == {"cart": [], "a": 1}


@on(ALL, ["new", "new with tweens"])
def test_a_subrequest_with_somebody_elses_cookie_is_theirs_S19(app: Any, name: str) -> None:
    visitor, other = visit(app), visit(app)
    other.put(cart=["tea"])

    def inner(request: Any) -> Any:
        request.session["late"] = 1
        return request.session["cart"]

    def act(request: Any) -> Any:
        request.session["a"] = 1
        sub = Request.blank("/", headers={"Cookie": f"session={other.cookie}"}, method="POST")
        sub.environ["test.act"] = inner
        return request.invoke_subrequest(sub, use_tweens=name.endswith("tweens")).json

    assert visitor.do(act) == ["tea"]
    if not visitor.sent:  # a cookie that says it all is the last one's
        assert visitor.data() == {"cart": [], "a": 1}
        assert other.data() == {"cart": ["tea"], "late": 1}


@on(ALL, SUB)
def test_a_session_that_begins_in_a_subrequest_S19(
    app: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = visit(app, begun=False)

    def act(request: Any) -> None:
        invoke(request, name, write_late)

    assert kept_or_said(visitor, act, caplog) in ("kept", "said")


@on(ALL, SUB)
def test_a_subrequests_answer_passed_on_S19(app: Any, name: str) -> None:
    visitor = visit(app, begun=False)
    visitor.do(lambda request: invoke(request, name, write_late))
    assert visitor.data() == {"late": 1}


@pytest.mark.parametrize("how", ["new", "copy", "copy with tweens"])
def test_a_replay_waits_for_no_lock_of_its_own_S19(open_app: Callable[..., Any], how: str) -> None:
    """It has locked the record, which its subrequest wants to read and write.

    The strategies at once, because the wait is long where there is one.
    """
    visitors = {strategy: visit(open_app(strategy)) for strategy in SERVER_SIDE}
    with ThreadPoolExecutor(len(visitors)) as pool:
        attempts = dict(
            zip(visitors, pool.map(lambda one: replay(one, how), visitors.values()), strict=True)
        )
    assert attempts == {strategy: [0, 1] for strategy in SERVER_SIDE}
    for visitor in visitors.values():
        assert visitor.data() == {"cart": [], "a": 1, "late": 1}


def replay(visitor: Visitor, how: str) -> list[int]:
    """The attempts of a request that has a subrequest when it is replayed."""
    attempts: list[int] = []

    def act(request: Any) -> None:
        attempts.append(request.environ["retry.attempt"])
        request.session["a"] = 1
        if len(attempts) == 1:
            raise Again
        if len(attempts) == 2:
            invoke(request, how, write_late)

    with suppress(Again, SessionError, OperationalError):
        visitor.do(act)
    return attempts
