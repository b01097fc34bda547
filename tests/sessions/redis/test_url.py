"""The forms of `session.redis.url`, and one readable line for those that cannot work (F11)."""

from pathlib import Path
from typing import Any

import pytest

from demoapp.sessions.ini import SettingsError
from demoapp.sessions.redis.url import address_in, connect


@pytest.mark.parametrize(
    ("url", "kind", "hosts", "service", "db"),
    [
        ("redis://", "", [("", 6379)], "", 0),
        ("redis://tea/2", "", [("tea", 6379)], "", 2),
        ("redis://u:p@tea:1/2", "", [("tea", 1)], "", 2),
        ("rediss://[::1]:1?db=3", "", [("::1", 1)], "", 3),
        ("unix:///run/redis.sock?db=4", "", [], "", 4),
        ("redis+sentinel://a,[::1]:2/m", "sentinel", [("a", 26379), ("::1", 2)], "m", 0),
        ("rediss+sentinel://:p@a/m/5", "sentinel", [("a", 26379)], "m", 5),
        ("redis+cluster://a:1,b", "cluster", [("a", 1), ("b", 6379)], "", 0),
        ("rediss+cluster://u:p@a:1/0", "cluster", [("a", 1)], "", 0),
    ],
)  # fmt: skip
def test_what_a_url_says_F11(url: str, kind: str, hosts: list[Any], service: str, db: int) -> None:
    found = address_in(url)
    assert (found.kind, found.hosts, found.service) == (kind, hosts, service)
    assert found.options.get("db", 0) == db
    assert found.options.get("password") == ("p" if ":p@" in url else None)
    connect(url, 0.25)  # nobody is there, and nobody is asked


def test_a_password_may_hold_anything() -> None:
    options = address_in("redis+sentinel://tea:%2F%40%3A%23%2C@a,b/m").options
    assert (options["username"], options["password"]) == ("tea", "/@:#,")


def test_the_client_gives_up_early(tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    ca.touch()
    redis = connect(f"rediss://tea/0?ssl_ca_certs={ca}&socket_timeout=1.5", 0.2)
    options = redis.connection_pool.connection_kwargs
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (1.5, 0.2)
    assert options["ssl_ca_certs"] == str(ca)
    assert options["retry"].get_retries() == 1
    pool = connect("redis+sentinel://a,b,c/m?sentinel_password=s&password=p", 0.3).connection_pool
    assert pool.connection_kwargs["socket_timeout"] == 0.3
    assert pool.connection_kwargs["password"] == "p"
    for sentinel in pool.sentinel_manager.sentinels:
        asking = sentinel.connection_pool.connection_kwargs
        assert asking["socket_timeout"] == pytest.approx(0.1)  # so all three take 0.3 s
        assert asking["password"] == "s"
        assert asking["retry"].get_retries() == 0


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("localhost:6379", r"begins with none of: unix://, redis://, rediss://, redis\+sentinel"),
        ("http://tea", "begins with none of"),
        ("redis+sentinel:///m", "a host is missing"),
        ("redis+cluster://a,,b", "a host is missing"),
        ("redis+sentinel://a,b", "the name of the master is missing"),
        ("redis+sentinel://a/m/x", "number of a database"),
        ("redis://tea/carts", "number of a database"),
        ("redis://tea/1/2", "number of a database"),
        ("redis+cluster://a/1", "database 0 only"),
        ("redis+cluster://a?db=1", "database 0 only"),
        ("redis://a,b", r"several hosts need redis\+sentinel"),
        ("redis://tea:port", "no readable host:port"),
        ("redis://tea:99999", "no readable host:port"),
        ("redis://u:hidden/p@tea", "in a password write / as %2F"),
        ("redis://u:hid#den@tea", "in a password write / as %2F"),
        ("redis://[tea", "no readable host:port"),
        ("redis://tea?db=x", "'db'"),
        ("redis://tea?colour=green", "colour"),
        ("redis://tea?ssl_ca_certs=/x", "ssl_ca_certs"),
        ("rediss://tea?ssl_ca_certs=/no/such.crt", "ssl_ca_certs names no file: /no/such.crt"),
        ("redis+cluster://tea?colour=green", "colour"),
        ("redis://tea?sentinel_password=hidden", "sentinel_password"),
        ("redis+sentinel://tea/m?sentinel_colour=green", "sentinel_colour"),
        ("rediss+sentinel://tea/m?colour=green", "colour"),
    ],
)
def test_what_cannot_work_is_told_in_one_line_H5(url: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        connect(url, 0.25)
    message = str(refused.value)
    assert message.startswith("session.redis.url cannot be used: ")
    assert "\n" not in message
    assert "hid" not in message
