"""Several cookies of one name: any that leads to a session counts; and how long one may be.

Another application on the host, or one below another path, plants a cookie of our name, and
the browser sends both. RFC 6265 leaves it open which comes first.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from demoapp.sessions.interfaces import SessionTooLarge
from tests.sessions.bare import ALL, MakePlace
from tests.sessions.saboteur import Saboteur
from tests.sessions.visitor import Visitor
from tests.shops import Visitor as Shopper

OTHER = {"session.secret": "another-secret-of-the-tests-0123456789"}
BROWSERS_KEEP = 4096
"""Bytes of a cookie's name and value together: RFC 6265bis, 5.6."""


def unknown_cookie(make_place: MakePlace, store: str) -> str:
    """Well-formed, and of nobody's session here."""
    if store != "custom":
        return "A" * 43
    stranger = Visitor(make_place(store).open(secret=OTHER["session.secret"]))
    stranger.put(a="somebody else's")
    assert stranger.cookie
    return stranger.cookie


JUNK: dict[str, Callable[[str], list[str]]] = {
    "unknown": lambda unknown: [unknown],
    "empty": lambda unknown: [""],
    "malformed": lambda unknown: ["%00"],
    "quoted": lambda unknown: ['"x y"'],
    "two": lambda unknown: [unknown, "x"],
}


@pytest.mark.parametrize("store", ALL)
@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("first", [pytest.param(True, id="junk-first"), False])
def test_cookie_that_leads_to_a_session_counts_S3(
    make_place: MakePlace, store: str, junk: str, first: bool
) -> None:
    visitor = Visitor(make_place(store).open())
    visitor.put(a=1)
    others = JUNK[junk](unknown_cookie(make_place, store))
    visitor.cookie = chosen(visitor, others, first)
    assert visitor.data() == {"a": 1}
    visitor.put(b=2)
    if store == "custom":  # its answer is a cookie, which replaces the good one
        visitor.cookie = chosen(visitor, others, first)
    else:
        assert visitor.sent == []
    assert visitor.data() == {"a": 1, "b": 2}


def chosen(visitor: Visitor, others: Iterable[str], first: bool) -> str:
    """The value for a Cookie header that begins with the name: the good one and the others."""
    good = visitor.cookie or ""
    values = [*others, good] if first else [good, *others]
    return f"; {visitor.name}=".join(values)


@pytest.mark.parametrize("store", ["memory", "redis", "sqlite", "postgresql"])
@pytest.mark.parametrize("first", [pytest.param(True, id="ended-first"), False])
def test_cookie_that_was_rotated_away_hides_no_other_S3(
    make_place: MakePlace, store: str, first: bool
) -> None:
    visitor = Visitor(make_place(store).open())
    visitor.put(a=1)
    ended = visitor.cookie or ""
    visitor.do(lambda request: request.session.rotate())
    visitor.cookie = chosen(visitor, [ended], first)
    assert visitor.data() == {"a": 1}


@pytest.mark.parametrize("store", ALL)
def test_only_unknown_cookies_are_nobody_S3(make_place: MakePlace, store: str) -> None:
    unknown = unknown_cookie(make_place, store)
    visitor = Visitor(make_place(store).open(), cookie=f"{unknown}; session=x; session={unknown}")
    assert visitor.data() == {}
    visitor.put(a=1)
    assert visitor.data() == {"a": 1}


@pytest.mark.parametrize("strategy", ["memory", "redis", "database", "custom"])
@pytest.mark.parametrize("junk", ["unknown", "malformed"])
@pytest.mark.parametrize("first", [pytest.param(True, id="junk-first"), False])
def test_login_does_not_loop_in_the_shop_S3(
    strategy: str,
    junk: str,
    first: bool,
    start_shop: Callable[..., Any],
    make_place: MakePlace,
) -> None:
    store = "custom" if strategy == "custom" else "memory"
    [other] = JUNK[junk](unknown_cookie(make_place, store))
    shop = start_shop(strategy)

    def with_another_cookie(environ: dict[str, Any], start_response: Any) -> Any:
        sent, planted = environ.get("HTTP_COOKIE", ""), f"session={other}"
        parts = [part for part in ([planted, sent] if first else [sent, planted]) if part]
        return shop({**environ, "HTTP_COOKIE": "; ".join(parts)}, start_response)

    shopper = Shopper(with_another_cookie)
    assert shopper.send("/cart/items", sku="ujeon").status_int == 303
    assert shopper.log_in().status_int == 303
    state = shopper.state()
    assert (state["user"], state["cart"]["quantity"]) == ("demo", 1)
    assert shopper.get("/account/sessions").status_int == 200
    assert shopper.send("/logout").status_int == 303
    assert shopper.state()["user"] is None


# -- how long a cookie may be


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("length", [1, 7, 32, 64])
def test_name_and_value_of_the_largest_cookie_fit_S10(
    make_place: MakePlace, scheme: str, length: int
) -> None:
    name = "n" * length
    visitor = Visitor(make_place("custom").open(cookie_name=name), scheme=scheme)
    visitor.name = f"__Host-{name}" if scheme == "https" else name
    letters = most_letters(visitor)
    visitor.put(a="x" * letters)
    assert 4040 < len(visitor.name) + len(visitor.cookie or "") <= BROWSERS_KEEP
    assert visitor.data() == {"a": "x" * letters}
    assert committed(visitor, "x" * letters)
    with pytest.raises(SessionTooLarge):
        committed(visitor, "x" * (letters + 1))


def most_letters(visitor: Visitor) -> int:
    """How long a text is accepted; found by halving."""
    fits, too_long = 1, BROWSERS_KEEP
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        try:
            visitor.put(a="x" * middle)
            fits = middle
        except SessionTooLarge:
            too_long = middle
    return fits


def committed(visitor: Visitor, letters: str) -> bool:
    """Whether the rest of the transaction went as far as its first vote."""
    steps: list[str] = []

    def act(request: Any) -> None:
        request.session["a"] = letters
        for step in ("commit", "tpc_vote", "tpc_finish"):
            Saboteur(request, step, partial(steps.append, step))

    try:
        visitor.do(act)
    except SessionTooLarge:
        assert steps == []
        raise
    return "tpc_finish" in steps
