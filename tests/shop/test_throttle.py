"""Guessing passwords is counted, outside the session and outside the transaction (A2)."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
import redis
from limits import RateLimitItemPerMinute
from pyramid.interfaces import IBeforeRender, IContextFound
from transaction.interfaces import TransientError

from demoapp.shop import throttle
from demoapp.shop.accounts import DEMO_PASSWORD
from tests.servers import RedisServer
from tests.sessions.saboteur import Saboteur
from tests.shops import Visitor

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


class Guesser(Visitor):
    """Somebody at an address."""

    def __init__(self, shop: Any, address: str = HOME) -> None:
        super().__init__(shop, extra_environ={"REMOTE_ADDR": address})
        self.get("/login")
        self.csrf = self.cookie("csrf") or ""

    def guess(self, username: str = "demo", password: str = "wrong") -> Any:
        fields = {"username": username, "password": password, "csrf_token": self.csrf}
        return self.post("/login", fields)


def test_the_eleventh_failure_is_refused_with_the_form_A2(shop: Any) -> None:
    for _ in range(10):
        assert Guesser(shop).guess().status_int == 400  # each without the cookies of the last
    answer = Guesser(shop).guess()
    assert answer.status_int == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 900
    assert answer.html.find(class_="alert").text == (
        "Too many attempts. Please try again in 15 min."
    )
    assert answer.html.find("input", {"name": "username"})["value"] == "demo"
    assert Guesser(shop).guess(password=DEMO_PASSWORD).status_int == 429


def test_the_rightful_user_gets_in_from_elsewhere_A2(shop: Any) -> None:
    for _ in range(11):
        last = Guesser(shop).guess()
    assert last.status_int == 429
    owner = Guesser(shop, ELSEWHERE)
    assert owner.guess(password=DEMO_PASSWORD).status_int == 303
    assert owner.state()["user"] == "demo"
    assert Guesser(shop).guess().status_int == 429  # whose success is not the guesser's
    assert Guesser(shop).guess("minji").status_int == 400


def test_a_success_sets_back_A2(shop: Any) -> None:
    for _ in range(2):
        for _ in range(9):
            assert Guesser(shop).guess().status_int == 400
        assert Guesser(shop).guess(password=DEMO_PASSWORD).status_int == 303


def test_headers_and_spellings_do_not_help_A2(start_shop: Callable[..., Any]) -> None:
    shop = start_shop("memory")
    for turn in range(11):
        guesser = Guesser(shop)
        guesser.extra_environ["HTTP_X_FORWARDED_FOR"] = f"192.0.2.{turn}"
        guesser.extra_environ["HTTP_FORWARDED"] = f"for=192.0.2.{turn}"
        last = guesser.guess(("demo", " Demo", "DEMO ")[turn % 3])
    assert last.status_int == 429


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("", "unix:", True),
    ],
)
def test_what_counts_as_one_address_A2(one: str, other: str, same: bool) -> None:
    assert (throttle.network(one) == throttle.network(other)) is same


def test_it_ends_by_itself_A2(start_shop: Callable[..., Any]) -> None:
    shop = start_shop("memory")
    for _ in range(11):
        last = Guesser(shop).guess()
    later = time.time() + int(last.headers["Retry-After"])
    with mock.patch("time.time", lambda: later):
        assert Guesser(shop).guess().status_int == 400


@pytest.mark.parametrize("strategy", ["memory", "redis"])
def test_a_hundred_at_once_are_not_all_the_first_A2(
    start_shop: Callable[..., Any], strategy: str
) -> None:
    shop = start_shop(strategy)
    guessers = [Guesser(shop) for _ in range(24)]
    with ThreadPoolExecutor(len(guessers)) as pool:
        statuses = sorted(a.status_int for a in pool.map(Guesser.guess, guessers))
    assert statuses == [400] * 10 + [429] * 14


@pytest.mark.parametrize(("limit", "helps"), [("ADDRESS", True), ("EVERYBODY", False)])
def test_many_names_from_one_address_and_from_all_A2(
    start_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, limit: str, helps: bool
) -> None:
    monkeypatch.setattr(throttle, limit, RateLimitItemPerMinute(5))
    shop = start_shop("redis")
    for turn in range(5):
        assert Guesser(shop).guess(password=DEMO_PASSWORD).status_int == 303  # counts for nothing
        assert Guesser(shop).guess(f"name{turn}").status_int == 400
    answer = Guesser(shop).guess("another")
    assert answer.status_int == 429
    assert int(answer.headers["Retry-After"]) <= 60
    assert (Guesser(shop, ELSEWHERE).guess("another").status_int == 400) is helps


def test_processes_count_together_in_redis_alone_A2(start_shop: Callable[..., Any]) -> None:
    for strategy, status in (("redis", 429), ("database", 400)):
        one, two = start_shop(strategy), start_shop(strategy)
        for _ in range(10):
            Guesser(one).guess()
        assert Guesser(one).guess().status_int == 429
        assert Guesser(two).guess().status_int == status


def test_redis_learns_neither_names_nor_addresses_A2(
    start_shop: Callable[..., Any], redis_server: RedisServer
) -> None:
    Guesser(start_shop("redis")).guess()
    with redis.Redis.from_url(redis_server.url) as client:
        names = [key.decode() for key in client.scan_iter("throttle:*")]
        assert len(names) == 3
        assert not any("demo" in name or HOME in name for name in names)
        assert all(0 < client.ttl(name) <= 900 for name in names)


def test_an_aborted_transaction_does_not_take_it_back_A2(shop: Any) -> None:
    from tests.sessions.beds import attempt

    waits = []
    for _ in range(11):
        with attempt(shop) as request:
            request.remote_addr = HOME
            waits.append(request.registry["throttle"].login(request, "demo").wait())
    assert waits[:10] == [0] * 10
    assert waits[10] > 0


def test_a_replayed_request_counts_once_A2(start_shop: Callable[..., Any]) -> None:
    """pyramid_retry asks the view again after a conflict; the visitor has tried once."""
    shop = start_shop("redis")
    replayed: list[str] = []

    def lose(event: Any) -> None:
        """Every first attempt, when its view is done."""
        request = event.request
        if request.method == "POST" and request.environ["retry.attempt"] == 0:
            Saboteur(request, "tpc_vote", conflict)

    def conflict() -> None:
        replayed.append("once")
        raise TransientError

    def lose_what_is_refused(event: Any) -> None:
        """A refused login commits nothing, so that its conflict comes from the page's own reads."""
        if event["request"].method == "POST" and not event["request"].environ["retry.attempt"]:
            conflict()

    shop.registry.registerHandler(lose, (IContextFound,))
    shop.registry.registerHandler(lose_what_is_refused, (IBeforeRender,))
    for _ in range(2):
        for _ in range(9):
            assert Guesser(shop).guess().status_int == 400
        assert Guesser(shop).guess(password=DEMO_PASSWORD).status_int == 303
    assert len(replayed) == 20
    for n in range(5):
        fields = {"username": f"hana{n}", "password": "a good password"}
        assert Guesser(shop).send("/register", **fields).status_int == 303
    counter = throttle.Counter.of(throttle.REGISTRATIONS, "registration", throttle.network(HOME))
    limiter = shop.registry["throttle"]._shared
    left = limiter.get_window_stats(counter.limit, counter.name).remaining
    assert left == throttle.REGISTRATIONS.amount - 5
    failures = throttle.Counter.of(throttle.EVERYBODY, "failures")
    left = limiter.get_window_stats(failures.limit, failures.name).remaining
    assert left >= throttle.EVERYBODY.amount - 18


def test_an_outage_of_redis_neither_locks_out_nor_lets_guess_A2(
    start_shop: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with RedisServer() as server:
        shop = start_shop("redis", **{"session.redis.url": server.url})
        for _ in range(10):
            guesser = Guesser(shop)
            guesser.guess()
        assert guesser.guess().status_int == 429
        server.stop()
        with caplog.at_level(logging.ERROR, "demoapp.shop.throttle"):
            statuses = [guesser.guess().status_int for _ in range(11)]
        assert statuses == [400] * 10 + [429]
        told = [record.getMessage() for record in caplog.records if "counted" in record.message]
        assert 1 <= len(told) < 11
        assert HOME not in caplog.text
        server.start()
        time.sleep(1.1)
        assert guesser.guess().status_int == 400  # this Redis keeps nothing over a restart
        assert Guesser(shop, ELSEWHERE).guess(password=DEMO_PASSWORD).status_int == 303


def test_the_current_password_cannot_be_guessed_either_A2(shop: Any) -> None:
    visitors = []
    for address in (HOME, ELSEWHERE):  # from wherever
        visitors.append(Guesser(shop, address))
        assert visitors[-1].guess(password=DEMO_PASSWORD).status_int == 303
    fields = {"current": "wrong password", "new": "another password"}
    statuses = [visitors[n % 2].send("/account/password", **fields).status_int for n in range(11)]
    assert statuses == [400] * 10 + [429]
    fields["current"] = DEMO_PASSWORD
    answer = visitors[0].send("/account/password", **fields)
    assert answer.status_int == 429
    assert "Too many attempts" in answer.html.find(class_="alert").text
    assert Guesser(shop).guess(password=DEMO_PASSWORD).status_int == 303


def test_registrations_are_counted_A2(
    start_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "REGISTRATIONS", RateLimitItemPerMinute(3))
    shop = start_shop("redis")
    statuses = []
    for name in ("demo", "bom", "yeoreum", "gaeul"):
        fields = {"username": name, "password": "a good password"}
        statuses.append(Guesser(shop).send("/register", **fields).status_int)
    assert statuses == [400, 303, 303, 429]
    assert Guesser(shop, ELSEWHERE).send("/register", **fields).status_int == 303
