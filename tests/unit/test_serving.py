"""What [server:main] may say, for waitress and for gunicorn (P2)."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from demoapp.front.proxy import BehindProxy
from demoapp.front.serving import addresses, behind, make_gunicorn, make_server
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
        (make_server, {"thread": "8"}, "[server:main]: Unknown adjustment 'thread'"),
        (make_gunicorn, {"bind": "${SHOP_NOWHERE}:1"}, "bind needs the environment variable SHOP"),
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


def test_over_a_unix_socket_there_is_a_proxy_P2() -> None:
    def app(environ: Any, start_response: Any) -> None: ...

    assert behind({}, over_socket=False)(app) is app
    for options, over_socket in (({}, True), ({"trusted_proxy": "10.0.0.5"}, False)):
        assert isinstance(behind(options, over_socket)(app), BehindProxy)
