"""What [server:main] may say, for waitress and for gunicorn (P2)."""

import socket
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from demoapp.front.proxy import BehindProxy, make_filter
from demoapp.front.serving import (
    addresses,
    for_gunicorn,
    for_waitress,
    make_gunicorn,
    make_server,
)
from demoapp.settings import WrongSettings


@pytest.mark.parametrize(
    ("make", "options", "told"),
    [
        (make_server, {"trusted_proxy": "nginx"}, "trusted_proxy: 'nginx' does not appear to be"),
        (make_server, {"trusted_proxy": "172.18.0.1/16"}, "172.18.0.1/16 has host bits set"),
        (make_server, {"trusted_proxy_headers": "forwarded"}, "forwarded is not one of: x-forward"),
        (
            make_server,
            {"listen": "${SHOP_NOWHERE}:1"},
            "listen needs the environment variable SHOP",
        ),
        (make_server, {"listen": "localhost:1", "port": "1"}, "host or port may not be set if"),
        (make_server, {"host": "nowhere.invalid"}, "[server:main]: Invalid host/port specified"),
        (make_server, {"listen": "localhost:65536"}, "65536 is no port; the highest is 65535"),
        (make_server, {"port": "99999"}, "99999 is no port; the highest is 65535"),
        (make_server, {"thread": "8"}, "[server:main]: Unknown adjustment 'thread'"),
        (make_gunicorn, {"bind": "${SHOP_NOWHERE}:1"}, "bind needs the environment variable SHOP"),
        (make_gunicorn, {"bind": "127.0.0.1:99999"}, "99999 is no port; the highest is 65535"),
        (make_filter, {"adress": "10.0.0.5"}, "adress is not one of: address, prefix"),
        (make_filter, {"address": "nginx"}, "trusted_proxy: 'nginx' does not appear to be"),
        (make_filter, {"address": "${SHOP_NOWHERE}"}, "address needs the environment variable SH"),
        (make_filter, {"prefix": "tea"}, "prefix = 'tea' is not a path, such as /tea"),
        (make_gunicorn, {"trusted_proxy": "*"}, "trusted_proxy: '*' does not appear to be an IPv4"),
    ],
)
def test_what_a_server_cannot_use_is_told_in_one_line_P2(
    make: Callable[..., Any],
    options: dict[str, str],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(WrongSettings):
        make({}, **options)
    [line] = capsys.readouterr().err.splitlines()
    assert told in line


@pytest.mark.parametrize("processes", ["", "two"])
def test_a_number_of_processes_that_is_none_is_told_in_one_line_P2(
    processes: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """gunicorn would end in a traceback."""
    monkeypatch.setenv("WEB_CONCURRENCY", processes)
    with pytest.raises(WrongSettings):
        make_gunicorn({}, bind="127.0.0.1:8080")
    [line] = capsys.readouterr().err.splitlines()
    assert line == f"demoapp: WEB_CONCURRENCY = {processes!r} is not a whole number"


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"listen": "localhost:6543 [::1]:80"}, ["localhost:6543", "[::1]:80"]),
        ({"host": "127.0.0.1", "port": "6543"}, ["127.0.0.1:6543"]),
        ({"port": "6543"}, ["0.0.0.0:6543"]),
        ({"unix_socket": "/run/shop.sock"}, ["unix:/run/shop.sock"]),
    ],
)
def test_where_it_will_be_is_said_however_it_is_written_P2(
    options: Mapping[str, str], where: list[str]
) -> None:
    assert addresses(options) == where


@pytest.mark.parametrize(
    ("read", "options", "is_wrapped"),
    [
        (for_waitress, {"listen": "localhost:6543"}, False),
        (for_waitress, {"trusted_proxy": "10.0.0.5"}, True),
        (for_waitress, {"unix_socket": "/run/shop.sock"}, True),
        (for_gunicorn, {"bind": "127.0.0.1:8080"}, False),
        (for_gunicorn, {"bind": "127.0.0.1:8080", "trusted_proxy": "10.0.0.5"}, True),
        (for_gunicorn, {"bind": "unix:/run/shop.sock"}, True),
        (for_gunicorn, {"host": "127.0.0.1:8080,unix:/run/shop.sock"}, True),
    ],
)
def test_over_a_unix_socket_there_is_a_proxy_P2(
    read: Callable[..., Any], options: dict[str, str], is_wrapped: bool
) -> None:
    def app(environ: Any, start_response: Any) -> None: ...

    front, left = read(options)
    assert isinstance(front(app), BehindProxy) == is_wrapped
    assert "trusted_proxy" not in left  # the servers have their own ideas of it


@pytest.mark.parametrize("way", ["listen", "host"])
def test_a_taken_port_is_told_however_it_is_written_P2(way: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        options = {"listen": f"127.0.0.1:{port}"}
        if way == "host":
            options = {"host": "127.0.0.1", "port": port}
        with pytest.raises(SystemExit, match=f"Port {port} cannot be used: Address already in"):
            make_server({}, **options)
