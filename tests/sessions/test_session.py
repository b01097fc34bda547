"""What Pyramid asks of a session, on every store; each answer from a second request."""

from typing import Any

import pytest
from pyramid.interfaces import ISession
from pyramid.request import Request, apply_request_extensions
from zope.interface.verify import verifyObject

from demoapp.sessions.interfaces import IServerSession
from tests.sessions.beds import Bed, Refused
from tests.sessions.visitor import Visitor
from tests.shops import SECRET


def test_conforms(visitor: Visitor) -> None:
    visitor.do(lambda request: verifyObject(ISession, request.session))
    visitor.put(a=1)
    visitor.do(lambda request: verifyObject(IServerSession, request.session))


def test_is_empty_before_anything_is_put_in(visitor: Visitor) -> None:
    def look(request: Any) -> None:
        session = request.session
        assert session == {}
        assert not session
        assert len(session) == 0
        assert "a" not in session
        assert session.get("a") is None
        assert session.get("a", 1) == 1
        assert session.new is True
        assert session.handle is None
        assert session.owner is None
        assert session.device == ""
        with pytest.raises(KeyError):
            session["a"]

    visitor.do(look)


def test_is_a_dict(visitor: Visitor) -> None:
    def fill(request: Any) -> None:
        session = request.session
        session["a"] = 1
        session.update({"b": 2}, c=3)
        assert session.setdefault("d", []) == []
        session["d"].append("deep")
        assert session.setdefault("a", 9) == 1
        assert session.pop("b") == 2
        assert session.pop("b", None) is None
        session["gone"] = 1
        del session["gone"]

    def look(request: Any) -> None:
        session = request.session
        assert session == {"a": 1, "c": 3, "d": ["deep"]}
        assert list(session) == ["a", "c", "d"]
        assert list(session.keys()) == ["a", "c", "d"]
        assert list(session.values()) == [1, 3, ["deep"]]
        assert ("c", 3) in session.items()
        assert len(session) == 3
        assert session
        assert "gone" not in session
        assert "a" in session
        with pytest.raises(KeyError):
            del session["gone"]

    visitor.do(fill)
    visitor.do(look)
    key, value = visitor.do(lambda request: request.session.popitem())
    assert {**visitor.data(), key: value} == {"a": 1, "c": 3, "d": ["deep"]}
    visitor.do(lambda request: request.session.clear())
    assert visitor.data() == {}


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1.5,
        2**70,
        "",
        "만두 🥟",
        "\x00\x1f\x7f\u2028",
        "\ud800",
        [[]],
        {"a": {"": 1}},
    ],
)
def test_keeps_json(visitor: Visitor, value: Any) -> None:
    visitor.put(value=value)
    visitor.put(other=1)  # and the rest when something else changes
    assert visitor.data()["value"] == value


def test_nested_change_is_saved(visitor: Visitor) -> None:
    visitor.put(cart={"lines": [{"quantity": 1}]})

    def change(request: Any) -> None:
        request.session["cart"]["lines"][0]["quantity"] += 1

    visitor.do(change)
    assert visitor.data() == {"cart": {"lines": [{"quantity": 2}]}}


def test_changed_may_be_called(visitor: Visitor) -> None:
    visitor.do(lambda request: request.session.changed())
    assert visitor.cookie is None
    visitor.put(a=1)
    visitor.do(lambda request: request.session.changed())
    assert visitor.data() == {"a": 1}


def test_new_and_created(bed: Bed, visitor: Visitor) -> None:
    began = int(bed.clock.now)
    look = lambda request: (request.session.new, request.session.created)  # noqa: E731
    assert visitor.do(look) == [True, began]
    visitor.put(a=1)
    bed.advance(100)
    assert visitor.do(look) == [False, began]
    visitor.do(lambda request: request.session.invalidate())
    assert visitor.do(look) == [True, began + 100]


def test_expires_with_the_nearer_limit(bed: Bed) -> None:
    visitor = Visitor(bed.open(idle_timeout="100", absolute_timeout="150", touch_interval="0"))
    visitor.put(a=1)
    expires = lambda request: request.session.expires  # noqa: E731
    assert visitor.do(expires) == pytest.approx(bed.clock.now + 100)
    bed.advance(90)
    assert visitor.do(expires) == pytest.approx(bed.clock.now + 60)


def test_flash_queues(visitor: Visitor) -> None:
    def flash(request: Any) -> None:
        flash = request.session.flash
        flash("one")
        flash("two")
        flash("one", allow_duplicate=False)
        flash("two", allow_duplicate=True)
        flash("bad", "error")
        flash("new", "error", allow_duplicate=False)

    visitor.do(flash)
    peek = lambda request: request.session.peek_flash()  # noqa: E731
    assert visitor.do(peek) == ["one", "two", "two"]
    assert visitor.do(peek) == ["one", "two", "two"]
    assert visitor.do(lambda request: request.session.pop_flash("error")) == ["bad", "new"]
    assert visitor.do(lambda request: request.session.pop_flash("error")) == []
    assert visitor.do(lambda request: request.session.pop_flash()) == ["one", "two", "two"]
    assert visitor.do(peek) == []


def test_csrf_token(visitor: Visitor) -> None:
    token = visitor.do(lambda request: request.session.get_csrf_token())
    assert len(token) >= 22
    assert visitor.do(lambda request: request.session.get_csrf_token()) == token
    renewed = visitor.do(lambda request: request.session.new_csrf_token())
    assert renewed != token
    assert visitor.do(lambda request: request.session.get_csrf_token()) == renewed


def test_invalidate_ends_record_and_cookie_S6(bed: Bed, visitor: Visitor) -> None:
    visitor.put(a=1)
    old = visitor.cookie

    def leave(request: Any) -> Any:
        request.session.invalidate()
        return dict(request.session), request.session.new, request.session.handle

    assert visitor.do(leave) == [{}, True, None]
    assert visitor.cookie is None
    assert bed.keys() == []
    assert Visitor(bed.app, cookie=old).data() == {}


def test_invalidated_session_may_be_used_again(bed: Bed, visitor: Visitor) -> None:
    def log_in(request: Any) -> None:
        request.session["a"] = 1
        request.session.owner = "7"

    visitor.do(log_in)
    old = visitor.cookie

    def leave_and_stay(request: Any) -> None:
        request.session.invalidate()
        request.session["b"] = 2

    visitor.do(leave_and_stay)
    assert visitor.cookie not in (None, old)
    assert visitor.data() == {"b": 2}
    assert visitor.do(lambda request: request.session.owner) is None
    assert Visitor(bed.app, cookie=old).data() == {}
    assert len(bed.keys()) == 1


@pytest.mark.parametrize("cookie", ["A" * 43, "malformed"])
def test_invalidate_takes_an_unknown_cookie_back(bed: Bed, cookie: str) -> None:
    visitor = Visitor(bed.app, cookie=cookie)
    assert visitor.data() == {}
    assert visitor.sent == []  # by itself a wrong cookie is no reason to answer with one
    visitor.do(lambda request: request.session.invalidate())
    assert visitor.cookie is None
    visitor.do(lambda request: request.session.invalidate())
    assert visitor.sent == []
    assert bed.keys() == []


def test_rotate_keeps_the_data_under_a_new_id_S5(bed: Bed, visitor: Visitor) -> None:
    visitor.put(a=1)
    old, handle = visitor.cookie, visitor.do(lambda request: request.session.handle)
    visitor.do(lambda request: request.session.rotate())
    assert visitor.cookie not in (None, old)
    assert visitor.data() == {"a": 1}
    assert visitor.do(lambda request: request.session.handle) != handle
    assert Visitor(bed.app, cookie=old).data() == {}
    assert len(bed.keys()) == 1


def test_rotate_of_an_empty_session_stores_nothing(bed: Bed, visitor: Visitor) -> None:
    visitor.do(lambda request: request.session.rotate())
    assert bed.keys() == []
    assert visitor.sent == []


def test_log_in_keeps_a_guests_data_and_no_other_users(visitor: Visitor) -> None:
    visitor.put(cart=[1])
    visitor.do(lambda request: request.session.log_in("7", "Firefox"))
    assert visitor.data() == {"cart": [1]}
    visitor.do(lambda request: request.session.log_in("7"))
    assert visitor.data() == {"cart": [1]}
    visitor.do(lambda request: request.session.log_in("8"))
    assert visitor.data() == {}
    assert visitor.do(lambda request: request.session.owner) == "8"


def test_log_in_twice_in_one_request_takes_over_once_S16(bed: Bed, visitor: Visitor) -> None:
    visitor.put(cart=[1])
    again = Visitor(bed.app, cookie=visitor.cookie)
    visitor.do(lambda request: request.session.log_in("7"))

    def act(request: Any) -> None:
        request.session.log_in("7")
        request.session["n"] = 1
        request.session.log_in("7")

    again.do(act)
    assert again.data() == {"cart": [1], "n": 1}


def test_log_in_takes_over_what_was_rotated_again_since_S16(bed: Bed, visitor: Visitor) -> None:
    visitor.put(cart=[1])
    again = Visitor(bed.app, cookie=visitor.cookie)
    for _ in range(4):
        visitor.do(lambda request: request.session.log_in("7"))
    again.do(lambda request: request.session.log_in("7"))
    assert again.cookie == visitor.cookie
    assert again.data() == {"cart": [1]}


def test_log_in_takes_over_when_the_secret_was_replaced_meanwhile_S16_S17(
    bed: Bed, visitor: Visitor
) -> None:
    visitor.put(cart=[1])
    again = Visitor(bed.open(secret=f"{'n' * 40}\n{SECRET}"), cookie=visitor.cookie)
    visitor.do(lambda request: request.session.log_in("7"))
    if bed.name == "memory":  # another application has another dict
        return
    again.do(lambda request: request.session.log_in("7"))
    assert again.cookie == visitor.cookie
    assert again.data() == {"cart": [1]}


def test_logout_pressed_twice_is_no_error_S16(bed: Bed, visitor: Visitor) -> None:
    visitor.put(a=1)
    again = Visitor(bed.app, cookie=visitor.cookie)
    visitor.do(lambda request: request.session.invalidate())
    again.do(lambda request: request.session.invalidate())
    assert (again.status, again.sent) == (200, [])


def test_what_was_taken_over_outlives_a_later_abort_S16(bed: Bed, visitor: Visitor) -> None:
    visitor.put(cart=[1])
    again = Visitor(bed.app, cookie=visitor.cookie)
    visitor.do(lambda request: request.session.log_in("7"))

    def act(request: Any) -> Any:
        request.session.log_in("7")
        request.tm.commit()
        request.tm.begin()
        request.session["lost"] = True
        request.tm.abort()
        request.tm.begin()
        return request.session.owner, dict(request.session)

    assert again.do(act) == ["7", {"cart": [1]}]


def test_what_was_taken_over_is_not_there_where_it_came_to_nothing_S16(
    bed: Bed, visitor: Visitor
) -> None:
    visitor.put(cart=[1])
    again = Visitor(bed.app, cookie=visitor.cookie)
    visitor.do(lambda request: request.session.log_in("7"))

    def fail(request: Any) -> None:
        request.session.log_in("7")
        raise Refused

    def look(request: Any) -> Any:
        return request.session.owner, dict(request.session)

    assert again.do(fail, late=look) == [None, {}]
    assert (again.status, again.sent) == (418, [])


def test_what_was_forgotten_is_still_taken_over_S16(bed: Bed, visitor: Visitor) -> None:
    """And not rotated once more: the answer to the first login is on its way."""
    visitor.put(cart=[1])
    again = Visitor(bed.app, cookie=visitor.cookie)
    visitor.do(lambda request: request.session.log_in("7"))
    again.do(lambda request: (request.session.forget(), request.session.log_in("7")))
    assert again.cookie == visitor.cookie


def test_replay_does_not_bring_back_what_was_forgotten(bed: Bed, visitor: Visitor) -> None:
    """A tween over the transaction has forgotten it, then the replay takes its turn."""
    visitor.put(cart=[1])
    headers = {"Cookie": f"session={visitor.cookie}"}
    with bed.app.request_context(Request.blank("/", headers=headers).environ) as request:
        apply_request_extensions(request)
        request.session.forget()
        request.session.reload()
        assert dict(request.session) == {}
    assert visitor.data() == {"cart": [1]}


def test_replay_of_what_was_ended_meanwhile_is_nobodys_S13(bed: Bed, visitor: Visitor) -> None:
    """A tween over the transaction has read it; then it ends; then the replay takes its turn."""
    visitor.do(lambda request: request.session.log_in("7", "Firefox"))
    headers = {"Cookie": f"session={visitor.cookie}"}
    with bed.app.request_context(Request.blank("/", headers=headers).environ) as request:
        apply_request_extensions(request)
        assert request.session.owner == "7"
        bed.store.delete(request, request.session.record.key)
        request.session.reload()
        assert (request.session.owner, request.session.device) == (None, "")


def test_owner_and_device(visitor: Visitor) -> None:
    def log_in(request: Any) -> None:
        request.session["a"] = 1
        request.session.owner, request.session.device = "7", "\ud800\0" + "D" * 100

    look = lambda request: (request.session.owner, request.session.device)  # noqa: E731
    visitor.do(log_in)
    assert visitor.do(look) == ["7", "?" + "D" * 79]

    def rename(request: Any) -> None:  # nothing but the device changes
        request.session.device = "Firefox"

    visitor.do(rename)
    assert visitor.do(look) == ["7", "Firefox"]
