"""Who is believed about the visitor's address and scheme, and below which path the shop is (P2)."""

import logging
from typing import Any

import pytest

from demoapp.front.proxy import behind_proxy
from demoapp.front.serving import for_waitress
from demoapp.sessions.ini import SettingsError

PROXIES = "127.0.0.1, 172.18.0.0/16\n2001:db8::/64"
VISITOR = "203.0.113.7"


def seen(peer: str, trusted: str = PROXIES, prefix: str = "", **told: str) -> dict[str, Any]:
    """What the application gets; `X_Forwarded_For="..."` is a header."""
    got: dict[str, Any] = {}
    environ = {f"HTTP_{name.upper()}": value for name, value in told.items()}
    environ |= {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "PATH_INFO": "/cart"}
    behind_proxy(trusted, prefix)(lambda environ, _: got.update(environ))(environ, None)
    assert not [name for name in got if "FORWARDED" in name]
    return got


@pytest.mark.parametrize(
    ("peer", "named", "address"),
    [
        ("127.0.0.1", VISITOR, VISITOR),
        ("172.18.3.4", VISITOR, VISITOR),
        ("::ffff:172.18.3.4", VISITOR, VISITOR),
        ("2001:db8::9", "2001:db8:1::7", "2001:db8:1::7"),
        ("", VISITOR, VISITOR),  # gunicorn's name for a unix socket
        ("localhost", VISITOR, VISITOR),  # waitress's
        ("127.0.0.1", f"{VISITOR}:52113", VISITOR),
        ("127.0.0.1", "[2001:db8:1::7]:443", "2001:db8:1::7"),
        ("127.0.0.1", f"::ffff:{VISITOR}", VISITOR),
        # several proxies; what the visitor says is further left
        ("127.0.0.1", f"10.1.1.1, {VISITOR}", VISITOR),
        ("127.0.0.1", f"10.1.1.1,{VISITOR}, 172.18.0.9", VISITOR),
        ("127.0.0.1", f"127.0.0.1, {VISITOR}, unix:, 172.18.0.9", VISITOR),
        ("127.0.0.1", f"nonsense, {VISITOR}", VISITOR),
        ("127.0.0.1", "172.18.0.9, 172.18.0.8", "172.18.0.9"),  # somebody inside
        # no proxy of ours
        (VISITOR, "10.1.1.1", VISITOR),
        ("172.19.0.1", "10.1.1.1", "172.19.0.1"),
        ("::1", "10.1.1.1", "::1"),
    ],
)
def test_the_visitor_is_the_first_that_is_no_proxy_P2(peer: str, named: str, address: str) -> None:
    assert seen(peer, X_Forwarded_For=named)["REMOTE_ADDR"] == address


@pytest.mark.parametrize(
    ("peer", "named", "schemes", "scheme"),
    [
        ("127.0.0.1", VISITOR, "https", "https"),
        ("", VISITOR, "HTTPS", "https"),
        ("127.0.0.1", VISITOR, "http", "http"),
        ("127.0.0.1", VISITOR, "gopher", "http"),
        ("127.0.0.1", "", "https", "https"),
        (VISITOR, "127.0.0.1", "https", "http"),
        # each proxy has added what it saw
        ("127.0.0.1", f"{VISITOR}, 172.18.0.9", "https, http", "https"),
        ("127.0.0.1", f"{VISITOR}, 172.18.0.9", "https, http, http", "http"),
        ("127.0.0.1", f"{VISITOR}, 172.18.0.9", "https", "https"),
    ],
)
def test_the_scheme_is_what_the_first_proxy_saw_P2(
    peer: str, named: str, schemes: str, scheme: str
) -> None:
    got = seen(peer, X_Forwarded_For=named, X_Forwarded_Proto=schemes)
    assert got["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize(
    ("peer", "told", "warned"),
    [
        ("172.19.0.3", {"X_Forwarded_For": VISITOR}, "172.19.0.3 is ignored: trusted_proxy"),
        ("172.19.0.3", {"Forwarded": f"for={VISITOR}"}, "172.19.0.3 is ignored: trusted_proxy"),
        ("127.0.0.1", {"X_Forwarded_Proto": "https"}, "no X-Forwarded-For from the proxy 127.0.0"),
        ("127.0.0.1", {"Forwarded": f"for={VISITOR}"}, "no X-Forwarded-For from the proxy 127.0.0"),
        ("", {}, "no X-Forwarded-For from the proxy at the unix"),
        ("127.0.0.1", {"X_Forwarded_For": "unknown"}, "'unknown' is not an address"),
    ],
)
def test_a_proxy_that_hides_its_visitors_is_told_in_the_log_once_P2(
    peer: str, told: dict[str, str], warned: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrapped = behind_proxy(PROXIES)(lambda *_: [])
    for _ in range(3):
        environ = {f"HTTP_{name.upper()}": value for name, value in told.items()}
        wrapped({**environ, "REMOTE_ADDR": peer, "wsgi.url_scheme": "http"}, None)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert warned in record.getMessage()


@pytest.mark.parametrize("peer", ["127.0.0.1", "", "localhost"])
def test_who_asks_without_a_proxy_is_no_news_P2(
    peer: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The monitoring on the same machine, over TCP or a unix socket."""
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "PATH_INFO": "/readyz"}
    behind_proxy(PROXIES)(lambda *_: [])(environ, None)
    assert environ["REMOTE_ADDR"] == peer
    assert caplog.records == []


@pytest.mark.parametrize(
    "trusted", ["*", "localhost", "172.18.0.1/16", "127.0.0.1;10.0.0.1", "0.0.0.0/0", "::/0"]
)
def test_who_cannot_be_a_proxy_is_refused_P2(trusted: str) -> None:
    for read in (behind_proxy, lambda value: for_waitress({"trusted_proxy": value})):
        with pytest.raises(SettingsError, match="trusted_proxy: "):
            read(trusted)


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [
        ("/tea", "/cart", ("/tea", "/cart")),  # the proxy has taken it off
        ("/tea", "/tea/cart", ("/tea", "/cart")),
        ("/tea/", "/tea", ("/tea", "")),
        ("/tea", "/teapots", ("/tea", "/teapots")),
        ("/a/b", "/a/b/", ("/a/b", "/")),
        ("", "/cart", ("", "/cart")),
    ],
)
def test_links_are_below_the_prefix_P2(prefix: str, path: str, expected: tuple[str, str]) -> None:
    got: dict[str, Any] = {}
    environ = {"REMOTE_ADDR": VISITOR, "PATH_INFO": path, "SCRIPT_NAME": ""}
    behind_proxy("", prefix)(lambda environ, _: got.update(environ))(environ, None)
    assert (got["SCRIPT_NAME"], got["PATH_INFO"]) == expected


@pytest.mark.parametrize("prefix", ["tea", "//evil.example", "/tea?x", "https://shop", "/차"])
def test_a_prefix_is_a_path_P2(prefix: str) -> None:
    with pytest.raises(SettingsError, match="is not a path"):
        behind_proxy("", prefix)


def test_nobody_chooses_the_prefix_from_outside_P2() -> None:
    assert not seen("127.0.0.1", X_Forwarded_Prefix="//evil.example").get("SCRIPT_NAME")


def test_the_server_and_the_application_may_each_know_some_proxies_P2() -> None:
    """The server's part, which is there for its unix socket, takes nothing from the filter."""
    got: dict[str, Any] = {}
    app = behind_proxy("")(behind_proxy(PROXIES)(lambda environ, _: got.update(environ)))
    for peer in ("127.0.0.1", ""):
        app({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": VISITOR}, None)
        assert got["REMOTE_ADDR"] == VISITOR
