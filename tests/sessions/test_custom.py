"""The signed cookie that `custom` means by default: limits, keys, size, tampering."""

import base64
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transaction
from pyramid.interfaces import ISession
from pyramid.request import Request
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory
from pyramid.testing import DummyRequest
from zope.interface.verify import verifyObject

from demoapp.sessions.interfaces import SessionError, SessionNotSerializable, SessionTooLarge
from tests.sessions.beds import Clock, Refused, open_app
from tests.sessions.saboteur import Saboteur
from tests.sessions.visitor import Visitor
from tests.shops import SECRET

LIMITS = {
    "session.strategy": "custom",
    "session.idle_timeout": "100",
    "session.absolute_timeout": "250",
    "session.touch_interval": "10",
}
OTHER = "another-secret-of-the-tests-0123456789"

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def app() -> Any:
    return open_app(LIMITS)


@pytest.fixture
def visitor(app: Any) -> Visitor:
    visitor = Visitor(app)
    visitor.put(a=1)
    return visitor


def payload(cookie: str | None) -> Any:
    """Anyone can read it: the signature's 64 bytes, then JSON."""
    assert cookie
    return json.loads(base64.urlsafe_b64decode(cookie + "==")[64:])


def test_conforms(app: Any) -> None:
    Visitor(app).do(lambda request: verifyObject(ISession, request.session))


def test_cookie_holds_the_session_for_all_to_read(visitor: Visitor, clock: Clock) -> None:
    assert payload(visitor.cookie) == [int(clock.now), pytest.approx(clock.now), {"a": 1}]
    assert visitor.data() == {"a": 1}


def test_ends_when_idle_S8(visitor: Visitor, clock: Clock) -> None:
    for _ in range(2):
        clock.now += 98
        assert visitor.data() == {"a": 1}
    clock.now += 101
    assert visitor.data() == {}


def test_ends_at_the_absolute_limit_however_busy_S8(visitor: Visitor, clock: Clock) -> None:
    for number in range(4):
        clock.now += 60
        visitor.put(number=number)
    assert visitor.data() == {"a": 1, "number": 3}
    clock.now += 10
    assert visitor.data() == {}


def test_what_follows_an_expired_session_is_a_new_one_S8(visitor: Visitor, clock: Clock) -> None:
    clock.now += 101
    assert visitor.do(lambda r: (r.session.new, r.session.created)) == [True, int(clock.now)] or (
        visitor.do(lambda r: r.session.created) == pytest.approx(clock.now)
    )
    visitor.put(b=2)
    assert visitor.data() == {"b": 2}
    clock.now += 99
    assert visitor.data() == {"b": 2}


def test_stamp_from_the_future_is_not_believed_S9(visitor: Visitor, clock: Clock) -> None:
    clock.now -= 59
    assert visitor.data() == {"a": 1}
    clock.now -= 30 * 86400
    assert visitor.data() == {}


def test_cookie_is_not_sent_again_with_every_read(visitor: Visitor, clock: Clock) -> None:
    clock.now += 9
    visitor.data()
    assert visitor.sent == []
    clock.now += 3
    visitor.data()
    assert len(visitor.sent) == 1
    visitor.data()
    assert visitor.sent == []


def test_anonymous_read_sends_no_cookie_S4(app: Any) -> None:
    visitor = Visitor(app)
    visitor.data()
    visitor.do(lambda request: request.session.peek_flash())
    assert visitor.sent == []


# -- keys


def test_secret_is_rotated_without_logging_anybody_out(visitor: Visitor, clock: Clock) -> None:
    both = open_app({**LIMITS, "session.secret": f"{OTHER}\n{SECRET}"})
    new_only = open_app({**LIMITS, "session.secret": OTHER})
    created = visitor.do(lambda request: request.session.created)
    clock.now += 30  # due to be sent again: and by nobody but the new key
    visitor.app = both
    assert visitor.do(lambda request: (request.session.new, request.session["a"])) == [False, 1]
    assert len(visitor.sent) == 1
    visitor.app = new_only
    assert visitor.data() == {"a": 1}
    assert visitor.do(lambda request: request.session.created) == created


def test_retired_secret_is_void(visitor: Visitor) -> None:
    visitor.app = open_app({**LIMITS, "session.secret": OTHER})
    assert visitor.data() == {}
    visitor.app = open_app({**LIMITS, "session.secret": f"{OTHER}\n{'x' * 40}"})
    assert visitor.data() == {}


def test_expired_session_is_not_saved_by_a_retired_secret(visitor: Visitor, clock: Clock) -> None:
    visitor.app = open_app({**LIMITS, "session.secret": f"{OTHER}\n{SECRET}"})
    clock.now += 101
    assert visitor.data() == {}


# -- tampering


def test_each_byte_is_signed_S12(app: Any, visitor: Visitor) -> None:
    cookie = visitor.cookie
    assert cookie
    for place in range(len(cookie)):
        for bit in (1, 2, 64, 128):
            # the last letter carries bits that no byte of the value needs
            wrong = cookie[:place] + chr(ord(cookie[place]) ^ bit) + cookie[place + 1 :]
            if place == len(cookie) - 1 and decoded(wrong) == decoded(cookie):
                continue
            stranger = Visitor(app, cookie=wrong)
            assert stranger.data() == {}, (place, bit)
            assert stranger.status == 200


def decoded(cookie: str) -> bytes | None:
    try:
        return base64.b64decode(cookie + "==", altchars="-_", validate=True)
    except ValueError:
        return None


@pytest.mark.parametrize("cookie", ["x", "A" * 200, "é", "%00", '"', "a=b", "A" * 5000])
def test_nonsense_is_anonymous_S12(app: Any, cookie: str) -> None:
    visitor = Visitor(app, cookie=cookie)
    assert visitor.data() == {}
    visitor.put(b=1)
    assert visitor.data() == {"b": 1}


@pytest.mark.parametrize(
    "value", [None, 1, [], [1, 2], [1, 2, 3, 4], ["a", "b", {}], [0, 0, []], [{}, [], {}]]
)
def test_signed_nonsense_is_anonymous_S14(app: Any, clock: Clock, value: Any) -> None:
    """Signed with our key, but by another release."""
    from webob.cookies import SignedSerializer

    cookie = SignedSerializer(SECRET, "pyramid.session.", "sha512").dumps(value).decode()
    assert Visitor(app, cookie=cookie).data() == {}
    for number in ("1e400", "NaN", "Infinity"):
        cookie = signed(f'[{clock.now},{clock.now},{{"a":{number}}}]')
        assert Visitor(app, cookie=cookie).data() == {}
        cookie = signed(f'[{number},{clock.now},{{"a":1}}]')
        assert Visitor(app, cookie=cookie).data() == {}
    good = [clock.now, clock.now, {"a": 1}]
    cookie = SignedSerializer(SECRET, "pyramid.session.", "sha512").dumps(good).decode()
    assert Visitor(app, cookie=cookie).data() == {"a": 1}


def signed(text: str) -> str:
    signature = hmac.digest(b"pyramid.session." + SECRET.encode(), text.encode(), "sha512")
    return base64.urlsafe_b64encode(signature + text.encode()).decode().rstrip("=")


def test_reads_and_writes_what_pyramids_own_factory_does(visitor: Visitor, clock: Clock) -> None:
    theirs = SignedCookieSessionFactory(SECRET)(DummyRequest(cookies={"session": visitor.cookie}))
    assert (dict(theirs), theirs.new, theirs.created) == ({"a": 1}, False, clock.now)
    response = Response()
    theirs._set_cookie(response)
    visitor.cookie = response.headers["Set-Cookie"].split(";")[0].removeprefix("session=")
    assert visitor.data() == {"a": 1}


@pytest.mark.parametrize("order", ["{}; session=junk", "junk; session={}"])
def test_of_two_cookies_the_one_that_verifies_counts(visitor: Visitor, order: str) -> None:
    assert visitor.cookie
    assert Visitor(visitor.app, cookie=order.format(visitor.cookie)).data() == {"a": 1}


# -- size


@pytest.mark.parametrize("letter", ["x", "만"])
def test_largest_cookie_fits_and_one_more_does_not_S10(app: Any, letter: str) -> None:
    fits, too_long = 1, 4064
    visitor = Visitor(app)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        try:
            visitor.put(a=letter * middle)
            fits = middle
        except SessionTooLarge as err:
            assert err.limit == 4064
            assert err.size > 4064
            too_long = middle
    assert visitor.data() == {"a": letter * fits}
    assert len(visitor.cookie or "") > 4050
    assert fits > (900 if letter == "만" else 2900)  # UTF-8, not \uXXXX: twice as many Hangul
    assert visitor.name == "session"
    for header in visitor.sent:
        assert len(header) <= 4096 + len("; HttpOnly; Path=/; SameSite=Lax")


def test_too_large_is_found_before_anything_commits_S10(visitor: Visitor) -> None:
    done: list[str] = []

    def act(request: Any) -> None:
        request.session["a"] = "x" * 5000
        for step in ("commit", "tpc_vote", "tpc_finish"):
            Saboteur(request, step, lambda: done.append("committed"))

    visitor.sent = []
    with pytest.raises(SessionTooLarge):
        visitor.do(act)
    assert done == []
    assert visitor.data() == {"a": 1}


@pytest.mark.parametrize("end", ["abort", "commit"])
def test_too_large_is_found_in_the_next_transaction_of_a_view_S10(
    visitor: Visitor, end: str
) -> None:
    def act(request: Any) -> None:
        request.session["a"] = 2
        getattr(request.tm, end)()
        request.tm.begin()
        request.session["a"] = "x" * 5000

    with pytest.raises(SessionTooLarge):
        visitor.do(act)
    assert visitor.data() == {"a": 1}


def test_the_name_of_the_cookie_counts_too_S10() -> None:
    name = "n" * 64
    visitor = Visitor(open_app({**LIMITS, "session.cookie_name": name}))
    visitor.name = name
    with pytest.raises(SessionTooLarge) as caught:
        visitor.put(a="x" * 2930)  # would fit under a shorter name
    assert caught.value.limit == 4096 - len(name + "=")
    visitor.put(a="x" * 2900)
    assert len(visitor.sent[0].split("; ")[0]) <= 4096


@pytest.mark.parametrize("value", [object(), {1}, b"", float("nan"), 1j, {7: 1}, {"x": {7: 1}}])
def test_what_json_cannot_hold_is_found_before_anything_commits_S20(
    visitor: Visitor, value: Any
) -> None:
    with pytest.raises(SessionNotSerializable, match="'b'"):
        visitor.put(b=value)
    assert visitor.data() == {"a": 1}


def test_key_that_is_no_text_is_refused_S20(visitor: Visitor) -> None:
    with pytest.raises(SessionNotSerializable, match="7"):
        visitor.do(lambda request: request.session.update({7: 1}))
    assert visitor.data() == {"a": 1}


def test_lone_surrogate_is_kept(visitor: Visitor) -> None:
    visitor.put(b="\ud800")
    assert visitor.data() == {"a": 1, "b": "\ud800"}


def test_view_that_raises_changes_nothing(visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["b"] = 2
        raise Refused

    visitor.do(act)
    assert visitor.sent == []
    assert visitor.data() == {"a": 1}


@pytest.mark.parametrize("veto", [False, True])
def test_exception_view_keeps_what_it_writes_unless_vetoed_S19(
    visitor: Visitor, veto: bool
) -> None:
    def act(request: Any) -> None:
        request.session["b"] = 2
        raise Refused

    def late(request: Any) -> Any:
        request.session["c"] = 3
        return "b" in request.session

    hook = {"tm.commit_veto": "pyramid_tm.default_commit_veto"} if veto else {}
    visitor.app = open_app({**LIMITS, **hook})
    assert visitor.do(act, late) is veto  # with the hook the two are one world
    assert visitor.data() == ({"a": 1} if veto else {"a": 1, "c": 3})


def test_exception_view_sees_nothing_of_what_failed_S19(visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session.new_csrf_token()
        raise Refused

    def late(request: Any) -> Any:
        return request.session.get_csrf_token()

    shown = visitor.do(act, late)
    assert visitor.data() == {"a": 1, "_csrft_": shown}


def test_hook_may_keep_what_a_failed_view_wrote_S19(visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["b"] = 2
        raise Refused

    visitor.app = open_app({**LIMITS, "tm.commit_veto": "tests.sessions.test_custom.no_veto"})
    visitor.do(act, lambda request: request.session.update(c=3))
    assert visitor.data() == {"a": 1, "b": 2, "c": 3}


def no_veto(request: Any, response: Any) -> bool:
    return False


def doomed(request: Any) -> None:
    request.session["b"] = 2
    request.tm.doom()


def vetoed(request: Any) -> None:
    request.session["b"] = 2
    request.response.headers["X-Tm"] = "abort"


@pytest.mark.parametrize("act", [doomed, vetoed])
def test_doomed_or_vetoed_transaction_changes_nothing_S19(
    visitor: Visitor, act: Callable[[Any], None]
) -> None:
    visitor.app = open_app({**LIMITS, "tm.commit_veto": "pyramid_tm.default_commit_veto"})
    visitor.do(act)
    assert visitor.sent == []
    assert visitor.data() == {"a": 1}


def test_what_is_lost_with_a_transaction_is_not_sent_by_the_one_before_S19(
    visitor: Visitor,
) -> None:
    def act(request: Any) -> None:
        request.session["b"] = 2
        request.tm.commit()
        request.tm.begin()
        request.session["c"] = 3
        request.tm.doom()

    visitor.do(act)
    assert visitor.data() == {"a": 1, "b": 2}


def test_write_from_a_response_callback_is_sent_S19(visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["b"] = 2
        request.add_response_callback(lambda request, _: request.session.update(c=3))

    visitor.do(act)
    assert visitor.data() == {"a": 1, "b": 2, "c": 3}


def test_write_from_a_finished_callback_is_told_S19(visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["b"] = 2
        request.add_finished_callback(lambda request: request.session.update(c=3))

    with pytest.raises(SessionError, match="answer is out"):
        visitor.do(act)
    assert visitor.data() == {"a": 1}


def test_write_from_an_early_finished_callback_is_logged_S19(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    def act(request: Any) -> None:
        request.add_finished_callback(lambda request: request.session.update(c=3))
        request.session["b"] = 2

    visitor.do(act)
    assert "lost" in caplog.text
    assert visitor.data() == {"a": 1, "b": 2}


def test_reads_go_on_when_the_answer_is_out(visitor: Visitor, clock: Clock) -> None:
    kept = []
    visitor.do(lambda request: kept.append(request.session))
    clock.now += 50
    assert dict(kept[0]) == {"a": 1}


def test_savepoint_brings_the_session_back_S19(visitor: Visitor) -> None:
    def act(request: Any) -> None:
        request.session["b"] = 2
        before = request.tm.savepoint()
        request.session["c"] = 3
        before.rollback()

    visitor.do(act)
    assert visitor.data() == {"a": 1, "b": 2}


def test_counts_in_a_doomed_transaction_from_around_it_S18(app: Any) -> None:
    """As the functional tests of pyramid-cookiecutter-starter hand one in."""
    manager = transaction.TransactionManager(explicit=True)
    manager.begin().doom()

    def count(request: Any) -> int:
        request.session["n"] = request.session.get("n", 0) + 1
        return int(request.session["n"])

    cookie = ""
    for number in (1, 2, 3):
        around = {"tm.active": True, "tm.manager": manager, "test.act": count}
        request = Request.blank("/", environ=around, headers={"Cookie": cookie})
        response = request.get_response(app)
        assert response.json == number
        cookie = response.headers["Set-Cookie"].split(";")[0]
    manager.abort()


def test_subrequest_shares_the_session_of_the_request_around_it_S19(visitor: Visitor) -> None:
    def act(request: Any) -> Any:
        request.session["b"] = 2
        inner = request.copy()
        inner.environ["test.act"] = lambda request: request.session.update(c=request.session["b"])
        request.invoke_subrequest(inner)
        return request.session["c"]

    assert visitor.do(act) == 2
    assert visitor.data() == {"a": 1, "b": 2, "c": 2}


def test_works_on_a_dummy_request_S18(app: Any, clock: Clock) -> None:
    session = app.registry["session.factory"](DummyRequest())
    session["a"] = 1
    session.flash("tea")
    assert (session.new, session.pop_flash(), dict(session)) == (True, ["tea"], {"a": 1})


def test_expires_no_later_than_it_lives_S8(visitor: Visitor, clock: Clock) -> None:
    expires = lambda request: request.session.expires  # noqa: E731
    clock.now += 9
    promised = visitor.do(expires)  # too early for a new cookie
    assert (visitor.sent, promised) == ([], pytest.approx(clock.now - 9 + 100, abs=1))
    clock.now += 3
    assert visitor.do(expires) == pytest.approx(clock.now + 100, abs=1)
    assert len(visitor.sent) == 1
    for _ in range(3):
        clock.now += 60
        promised = visitor.do(expires)
    assert promised == pytest.approx(clock.now - 192 + 250, abs=1)  # the absolute limit
    clock.now = promised - 0.01
    assert visitor.data() == {"a": 1}
    clock.now = promised
    assert visitor.data() == {}


def test_without_a_transaction(visitor: Visitor) -> None:
    visitor.app = open_app({**LIMITS, "tm.activate_hook": "tests.sessions.beds.never"})
    visitor.put(b=2)
    assert visitor.data() == {"a": 1, "b": 2}


def test_logout_cannot_end_a_copied_cookie(app: Any, visitor: Visitor) -> None:
    """Documented: it is the application that raises the user's epoch (S6)."""
    copy = visitor.cookie
    visitor.do(lambda request: request.session.invalidate())
    assert visitor.data() == {}
    assert Visitor(app, cookie=copy).data() == {"a": 1}


# -- flags, on every strategy


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("store", ["memory", "redis", "sqlite", "custom"])
@pytest.mark.parametrize("secure", ["auto", "true", "false"])
def test_cookie_flags_S10(
    one_bed: Callable[[str], Any], store: str, scheme: str, secure: str, tmp_path: Path
) -> None:
    if store == "custom":
        app = open_app({**LIMITS, "session.cookie_secure": secure})
    else:
        app = one_bed(store).open(cookie_secure=secure)
    strict = secure == "true" or (secure == "auto" and scheme == "https")
    visitor = Visitor(app, scheme=scheme)
    visitor.name = "__Host-session" if strict else "session"
    visitor.put(a=1)
    (header,) = visitor.sent
    pair, *flags = header.split("; ")
    assert pair.startswith(visitor.name + "=")
    expected = {"httponly", "path=/", "samesite=lax", *(["secure"] if strict else [])}
    assert {flag.lower() for flag in flags} == expected
    assert visitor.data() == {"a": 1}
    visitor.do(lambda request: request.session.invalidate())
    (header,) = visitor.sent
    assert header.startswith(visitor.name + "=")
    assert ("secure" in header.lower()) is strict
    assert visitor.data() == {}


def test_own_cookie_name(one_bed: Callable[[str], Any]) -> None:
    visitor = Visitor(one_bed("memory").open(cookie_name="tea"))
    visitor.name = "tea"
    visitor.put(a=1)
    assert visitor.sent[0].startswith("tea=")
    assert visitor.data() == {"a": 1}
