"""Who shows an id that was just rotated away loses nothing, and gets no access by it (S16)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import permutations
from threading import Barrier
from typing import Any

import pytest
from pyramid.interfaces import IContextFound

from demoapp.shop.accounts import DEMO_PASSWORD
from demoapp.shop.models import User
from tests.functional.tab import SESSION, Tab, sent_cookies
from tests.matrix import ALL, SERVER_SIDE, on
from tests.sessions.saboteur import Saboteur, fail

NEW_PASSWORD = "another good password"
CART = {"ujeon": 2}


@dataclass(frozen=True)
class Form:
    """A form that gives the session a new id, and who is logged in when it was sent."""

    path: str
    fields: dict[str, str] = field(default_factory=dict)
    user: str = "demo"
    password: str = DEMO_PASSWORD
    logs_in: bool = False


LOG_IN = Form("/login", {"username": "demo", "password": DEMO_PASSWORD}, logs_in=True)
REGISTER = Form(
    "/register", {"username": "hana", "password": NEW_PASSWORD}, "hana", NEW_PASSWORD, logs_in=True
)
END_OTHERS = Form("/account/sessions/revoke-others")
PASSWORD = Form(
    "/account/password", {"current": DEMO_PASSWORD, "new": NEW_PASSWORD}, password=NEW_PASSWORD
)
LOG_OUT = Form("/logout")
NAMES = {
    "log in": LOG_IN,
    "register": REGISTER,
    "end others": END_OTHERS,
    "new password": PASSWORD,
    "log out": LOG_OUT,
}
LOGINS, KEPT = ("log in", "register"), ("end others", "new password")
STAYS_IN = (*LOGINS, *KEPT)
"""What ends with a user logged in."""


def ready(shop: Any, form: Form) -> Tab:
    """A browser with two of a tea in its cart, that may send this form now."""
    tab = Tab(shop)
    tab.post("/cart/items", sku="ujeon", quantity="2")
    if not form.logs_in:
        assert tab.log_in().status_int == 303
    return tab


def send(tab: Tab, form: Form) -> Any:
    return tab.press(form.path, **form.fields)


def at_once(shop: Any, *requests: Callable[[], Any]) -> list[Any]:
    """The answers to requests that have all read the session before one of them goes on."""
    barrier = Barrier(len(requests))

    def wait(event: Any) -> None:
        if event.request.method == "POST" and not event.request.environ["retry.attempt"]:
            event.request.session.get("cart")
            barrier.wait(10)

    shop.registry.registerHandler(wait, (IContextFound,))
    try:
        with ThreadPoolExecutor(len(requests)) as pool:
            return [future.result(20) for future in [pool.submit(one) for one in requests]]
    finally:
        shop.registry.unregisterHandler(wait, (IContextFound,))


def in_the_middle_of(shop: Any, path: str, act: Callable[[], Any]) -> list[Any]:
    """`act` once, when a post to `path` has read its session; the list gets what it returns."""
    done: list[Any] = []

    def interrupt(event: Any) -> None:
        if event.request.path == path and event.request.method == "POST" and not done:
            event.request.session.get("cart")
            done.append(None)
            done[0] = act()

    shop.registry.registerHandler(interrupt, (IContextFound,))
    return done


def twice(old: Tab, form: Form, how: str) -> list[Any]:
    """Both answers; neither has arrived."""
    if how == "inside":  # the one in the middle of the other
        done = in_the_middle_of(old.shop, form.path, lambda: send(old, form))
        return [send(old, form), *done]
    if how == "at once":
        return at_once(old.shop, *[lambda: send(old.copy(), form)] * 2)
    return [send(old, form), send(old, form)]


def well(tab: Tab, form: Form) -> None:
    """Logged in, with the cart as it was, and going on."""
    assert (tab.user, tab.cart) == (form.user, CART)


# -- pressed twice


def pressed_twice(shop: Any, form: Form, how: str) -> None:
    old = ready(shop, form)
    answers = twice(old, form, how)
    assert {answer.status_int for answer in answers} <= {303, 409}
    for order in permutations(answers):
        well(old.copy().take(*order), form)


@pytest.mark.parametrize("how", ["at once", "in sequence"])
@on(ALL, LOGINS)
def test_login_pressed_twice_S16(shop: Any, name: str, how: str) -> None:
    """The answers arrive in either order."""
    pressed_twice(shop, NAMES[name], how)


@on(SERVER_SIDE, KEPT)
def test_pressed_again_S16(shop: Any, name: str) -> None:
    pressed_twice(shop, NAMES[name], "in sequence")


@on(SERVER_SIDE, KEPT)
def test_pressed_twice_at_once_S16(shop: Any, name: str) -> None:
    pressed_twice(shop, NAMES[name], "at once")


@on(ALL, LOGINS)
def test_lost_login_is_repeated_S16(shop: Any, name: str) -> None:
    """Twice: the second answer may be lost as well."""
    form = NAMES[name]
    old = ready(shop, form)
    for _ in range(2):
        send(old, form)
        old.get("/cart")  # a page that was looked at meanwhile
    answer = send(old, form)
    assert answer.status_int == 303
    well(old.take(answer), form)


@on(SERVER_SIDE, KEPT)
def test_lost_answer_sent_again_then_logged_in_S16(shop: Any, name: str) -> None:
    form = NAMES[name]
    old = ready(shop, form)
    send(old, form)
    old.take(send(old, form))
    assert old.user is None  # S5: nothing but the password leads back
    assert old.log_in(form.user, form.password).status_int == 303
    well(old, form)


@on(SERVER_SIDE, KEPT)
def test_lost_answer_then_logged_in_at_once_S16(shop: Any, name: str) -> None:
    form = NAMES[name]
    old = ready(shop, form)
    send(old, form)
    assert old.log_in(form.user, form.password).status_int == 303
    well(old, form)


@on(SERVER_SIDE, STAYS_IN)
def test_the_second_answer_sends_no_other_cookie_S16(shop: Any, name: str) -> None:
    """None at all, or that of the first answer, if the password was right."""
    form = NAMES[name]
    old = ready(shop, form)
    first, second = (sent_cookies(answer) for answer in twice(old, form, "in sequence"))
    assert first[SESSION]
    assert second.get(SESSION, "none") == (first[SESSION] if form.logs_in else "none")


# -- logging out


@pytest.mark.parametrize("how", ["at once", "in sequence"])
@on(ALL, ["log out"])
def test_logged_out_twice_the_cart_waits_S16(shop: Any, name: str, how: str) -> None:
    old = ready(shop, LOG_OUT)
    answers = twice(old, LOG_OUT, how)
    assert {answer.status_int for answer in answers} <= {303, 409}
    for order in permutations(answers):
        tab = old.copy().take(*order)
        assert (tab.user, tab.cart) == (None, {})
    tab.log_in()
    well(tab, LOG_OUT)


@on(SERVER_SIDE, ["log out"])
def test_lost_logout_then_logged_in_S16(shop: Any, name: str) -> None:
    old = ready(shop, LOG_OUT)
    send(old, LOG_OUT)
    assert (old.user, old.cart) == (None, {})
    old.log_in()
    well(old, LOG_OUT)


@on(SERVER_SIDE, ["log out"])
def test_late_answer_to_a_second_logout_ends_nothing_new_S16(shop: Any, name: str) -> None:
    old = ready(shop, LOG_OUT)
    first, second = twice(old, LOG_OUT, "in sequence")
    tab = old.copy().take(first)
    tab.log_in()
    well(tab.take(second), LOG_OUT)


# -- the cart that was kept at logout


@pytest.fixture
def left_behind(shop: Any) -> None:
    """The user's cart, from another browser."""
    ready(shop, LOG_OUT).post("/logout")


def guest(shop: Any, session: str) -> tuple[Tab, dict[str, int]]:
    """A browser, and what its cart is to be when the kept one has been added."""
    tab = Tab(shop)
    tab.get("/login")
    if session == "no session":
        return tab, CART
    tab.post("/cart/items", sku="sejak")
    return tab, {"sejak": 1, **CART}


@pytest.mark.parametrize("session", ["a session", "no session"])
@pytest.mark.usefixtures("left_behind")
@on(ALL, ["inside", "in sequence", "lost"])
def test_the_kept_cart_is_merged_once_S16(shop: Any, name: str, session: str) -> None:
    old, expected = guest(shop, session)
    answers = twice(old, LOG_IN, "in sequence" if name == "lost" else name)
    for order in [answers[1:]] if name == "lost" else permutations(answers):
        tab = old.copy().take(*order)
        assert (tab.user, tab.cart) == ("demo", expected)
    tab.post("/logout")
    tab.log_in()
    assert tab.cart == expected


@pytest.mark.usefixtures("left_behind")
def test_the_kept_cart_is_for_one_browser_S16(shop: Any) -> None:
    first, second = Tab(shop), Tab(shop)
    first.log_in()
    assert first.cart == CART
    second.log_in()
    assert second.cart == {}
    assert first.cart == CART


# -- what the old id is worth


PAGES = ("/", "/cart", "/products/ujeon", "/login", "/session", "/session.json", "/labs")
FOR_USERS = ("/orders", "/account/sessions", "/checkout")


@on(SERVER_SIDE, NAMES)
def test_the_old_id_is_a_stranger_on_every_page_S16(shop: Any, name: str) -> None:
    old = ready(shop, NAMES[name])
    send(old, NAMES[name])
    for path in (*PAGES, *FOR_USERS):
        answer = old.ask(path)
        assert answer.status_int == 200 if path in PAGES else answer.status_int in (200, 303)
        assert SESSION not in sent_cookies(answer), path
    assert (old.user, old.cart) == (None, {})


WRITES: list[tuple[str, dict[str, str]]] = [
    ("/cart/items", {"sku": "ujeon"}),
    ("/cart/items/ujeon", {"quantity": "7"}),
]


@on(SERVER_SIDE, NAMES)
def test_a_write_with_the_old_id_is_to_be_reloaded_S16(shop: Any, name: str) -> None:
    form = NAMES[name]
    old = ready(shop, form)
    answer = send(old, form)
    late = [old.press(path, **fields) for path, fields in WRITES]
    for one in late:
        assert (one.status_int, sent_cookies(one).get(SESSION, "none")) == (409, "none")
        assert "reload" in one.text.lower()
    tab = old.copy().take(answer, *late)
    if form is LOG_OUT:
        tab.log_in()
    well(tab, form)


@pytest.mark.parametrize("strategy", SERVER_SIDE)
def test_what_changes_nothing_is_answered_with_the_old_id_too_S16(shop: Any) -> None:
    old = ready(shop, LOG_IN)
    send(old, LOG_IN)
    for path, fields in (
        ("/cart/clear", {}),
        ("/locale", {"locale": "ko", "next": "/"}),
        ("/cart/items", {"sku": "no such tea"}),
        ("/login", {"username": "demo", "password": "wrong"}),
    ):
        answer = old.press(path, **fields)
        assert answer.status_int in (303, 400), path
        assert SESSION not in sent_cookies(answer), path


@pytest.mark.parametrize("strategy", SERVER_SIDE)
def test_an_id_that_nobody_rotated_begins_anew_S3(shop: Any) -> None:
    """It is not "a moment ago": an id that is unknown, or none at all, never asks to reload."""
    for value in ("A" * 43, "malformed"):
        tab = Tab(shop, {SESSION: value})
        assert tab.post("/cart/items", sku="ujeon").status_int == 303
        assert tab.cookies[SESSION] != value
        assert tab.cart == {"ujeon": 1}


# -- somebody else's password


@on(SERVER_SIDE, STAYS_IN)
def test_another_user_with_the_old_id_begins_anew_S16(shop: Any, name: str) -> None:
    form = NAMES[name]
    old = ready(shop, form)
    answer = send(old, form)
    stranger = old.copy()
    assert stranger.log_in("minji").status_int == 303
    assert (stranger.user, stranger.cart) == ("minji", {})
    tab = old.copy().take(answer)
    well(tab, form)
    assert stranger.cookies[SESSION] != tab.cookies[SESSION]


@on(SERVER_SIDE, STAYS_IN)
def test_another_user_registers_with_the_old_id_S16(shop: Any, name: str) -> None:
    form = NAMES[name]
    old = ready(shop, form)
    answer = send(old, form)
    stranger = old.copy()
    fields = {"username": "bora", "password": NEW_PASSWORD}
    assert stranger.post("/register", **fields).status_int == 303
    assert (stranger.user, stranger.cart) == ("bora", {})
    well(old.copy().take(answer), form)


# -- a click in flight


def add(tab: Tab) -> Any:
    return tab.press("/cart/items", sku="ujeon")


@on(SERVER_SIDE, NAMES)
def test_rotation_in_the_middle_of_an_add_S16(shop: Any, name: str) -> None:
    """The add has read its session, then the other form was sent and answered."""
    form = NAMES[name]
    old = ready(shop, form)
    done = in_the_middle_of(shop, "/cart/items", lambda: send(old.copy(), form))
    late = add(old)
    [answer] = done
    assert answer.status_int == 303
    for order in permutations((answer, late)):
        tab = old.copy().take(*order)
        if form is not LOG_OUT:
            well(tab, form)
    assert late.status_int == 409
    if form is LOG_OUT:
        tab.log_in()
        well(tab, form)


@on(SERVER_SIDE, NAMES)
def test_add_in_the_middle_of_a_rotation_S16(shop: Any, name: str) -> None:
    """The other way round the add was first: it counts."""
    form = NAMES[name]
    old = ready(shop, form)
    done = in_the_middle_of(shop, form.path, lambda: add(old.copy()))
    answer = send(old, form)
    tab = old.copy().take(*done, answer)
    if form is LOG_OUT:
        tab.log_in()
    assert (tab.user, tab.cart) == (form.user, {"ujeon": 3})


@on(SERVER_SIDE, ["log in", "end others"])
def test_add_at_the_very_moment_S16(shop: Any, name: str) -> None:
    """Either is first; what is answered with success is there, in either order of answers."""
    form = NAMES[name]
    for _ in range(6):
        old = ready(shop, form)
        late, answer = at_once(shop, lambda: add(old), lambda: send(old, form))  # noqa: B023
        assert answer.status_int == 303
        expected = {303: {"ujeon": 3}, 409: CART}[late.status_int]
        for order in permutations((answer, late)):
            tab = old.copy().take(*order)
            assert (tab.user, tab.cart) == (form.user, expected)
        tab.post("/cart/clear")
        tab.post("/logout")  # and no cart waits for the next round


# -- ending the others, and failing


def fail_at_the_vote(shop: Any, path: str) -> None:
    """Posts to `path` fail after everything was prepared, and are not replayed."""

    def join(event: Any) -> None:
        if event.request.path == path and event.request.method == "POST":
            Saboteur(event.request, "tpc_vote", fail)

    shop.registry.registerHandler(join, (IContextFound,))


@on(SERVER_SIDE, ["others", "one"])
def test_to_end_others_and_fail_ends_nobody_S16(shop: Any, name: str) -> None:
    laptop, phone = ready(shop, END_OTHERS), ready(shop, END_OTHERS)
    handle = phone.state()["handle"]
    path = f"/account/sessions/{handle}/revoke" if name == "one" else END_OTHERS.path
    fail_at_the_vote(shop, path)
    assert laptop.post(path).status_int == 500
    well(laptop, END_OTHERS)
    well(phone, END_OTHERS)


# -- registering


@pytest.mark.parametrize("session", ["a session", "no session"])
@on(ALL, ["at once", "in sequence"])
def test_registered_twice_is_registered_S16(shop: Any, name: str, session: str) -> None:
    old, _ = guest(shop, session)
    answers = twice(old, REGISTER, name)
    assert [answer.status_int for answer in answers] == [303, 303]
    expected = {} if session == "no session" else {"sejak": 1}
    for order in (*permutations(answers), answers[1:], answers[:1]):
        tab = old.copy().take(*order)
        assert (tab.user, tab.cart) == ("hana", expected)


def test_a_taken_name_is_taken_for_everybody_else_A3(shop: Any) -> None:
    Tab(shop).post("/register", **REGISTER.fields)
    tab = Tab(shop)
    answer = tab.post("/register", username="hana", password="not the same one")
    assert answer.status_int == 400
    assert "That name is taken." in answer.text
    assert tab.user is None


def test_a_disabled_user_does_not_register_back_S7(shop: Any) -> None:
    Tab(shop).post("/register", **REGISTER.fields)
    with shop.registry["dbsession_factory"].begin() as session:
        session.query(User).filter_by(username="hana").update({"active": False})
    tab = Tab(shop)
    assert tab.post("/register", **REGISTER.fields).status_int == 400
    assert tab.user is None


def test_guessing_by_registering_is_throttled_as_login_is_A2(shop: Any) -> None:
    """Else whoever is told "taken" or let in could guess 600 passwords an hour."""

    def guess(path: str) -> int:
        answer = Tab(shop).post(path, username="demo", password="a wrong password")
        return int(answer.status_int)

    assert [guess(path) for path in ["/register", "/login"] * 5] == [400] * 10
    assert (guess("/login"), guess("/register")) == (429, 429)
