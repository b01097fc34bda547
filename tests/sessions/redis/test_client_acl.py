"""What the user of `session.redis.url` may do, and what is said where that is too little."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from demoapp.sessions.ini import SettingsError
from tests.sessions.bare import Place, open_bare
from tests.sessions.redis.asking import listed, log_in
from tests.sessions.visitor import Visitor
from tests.shops import Visitor as Shopper


@contextmanager
def limited(place: Place, *rules: str) -> Iterator[str]:
    """The URL of a user with these rules of an ACL."""
    place.redis.acl_setuser("tea", reset=True)
    place.redis.execute_command(
        "ACL", "SETUSER", "tea", "on", ">house", "~*", "&*", "+@all", *rules
    )
    try:
        yield place.settings["session.redis.url"].replace("redis://", "redis://tea:house@")
    finally:
        place.redis.acl_deluser("tea")


@pytest.mark.parametrize("rule", ["-info", "-@dangerous", "-@admin -@dangerous"])
def test_who_may_not_ask_for_info_has_no_outage_F2_P4(
    place: Place, rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    with limited(place, *rule.split()) as url:
        visitor = Visitor(open_bare({**place.settings, "session.redis.url": url}))
        log_in(visitor)
        assert visitor.data() == {"user": "7"}
        assert listed(visitor, "7") == 1
    assert "until then sessions answer 503" not in caplog.text
    assert "Start it" not in caplog.text


@pytest.mark.parametrize(
    "rule",
    [
        "-getex",
        "-@scripting",
        "-set",
        "-expire",
        "-sort",  # nobody needs it
    ],
)
def test_readyz_says_whether_sessions_work_F1_P4(
    place: Place,
    rule: str,
    start_shop: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """503, and one line at the start, where they do not; else neither."""
    with limited(place, rule) as url:
        try:
            shop = start_shop("redis", **{"session.redis.url": url})
        except SettingsError as err:
            assert "\n" not in str(err)
            return
        told = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        ready = Shopper(shop).get("/readyz").status_int
        works = all_of_it_works(Shopper(shop))
        assert (ready, len(told)) == ((200, 0) if works else (503, 1)), told


def all_of_it_works(shopper: Shopper) -> bool:
    """What a visitor does with a session, from the first page to the last."""
    page = shopper.get("/cart")
    if page.status_int != 200:
        return False
    try:
        answers = [
            shopper.send("/cart/items", sku="ujeon"),
            shopper.log_in(),
            shopper.send("/account/sessions/revoke-others"),
            shopper.send("/logout"),
        ]
    except TypeError:  # a page has no form, as it says that sessions are down
        return False
    return {answer.status_int for answer in answers} == {303}
