"""What `session.redis.url` may say, taken apart, checked, and made a client.

    redis://user:password@host:6379/0
    unix:///run/redis/redis.sock?db=0
    redis+sentinel://user:password@host:26379,host:26379,host:26379/mymaster/0
    redis+cluster://user:password@host:6379,host:6379

With `rediss` in the place of `redis` over TLS. Of a Cluster some nodes are enough: they know the
others. Options follow after a `?`, such as ssl_ca_certs=/etc/ssl/redis-ca.crt; sentinel_username
and sentinel_password are for the Sentinels, user and password for Redis.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import redis as client
from redis.connection import Connection, parse_url

from demoapp.sessions.ini import Ini, SettingsError
from demoapp.sessions.redis.client import OneRedis, retry
from demoapp.sessions.redis.cluster import Cluster
from demoapp.sessions.redis.sentinel import open_master

KINDS = ("", "+sentinel", "+cluster")
SCHEMES = ("unix", *(f"redis{tls}{kind}" for kind in KINDS for tls in ("", "s")))
OPTIONS = (
    *("client_name", "db", "health_check_interval", "max_connections", "password", "protocol"),
    *("sentinel_password", "sentinel_username", "socket_connect_timeout", "socket_keepalive"),
    *("socket_timeout", "ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile"),
    *("ssl_check_hostname", "ssl_ciphers", "ssl_keyfile", "ssl_min_version", "ssl_password"),
    "username",
)
"""Of redis-py's own those that work as text and change no reply."""


class Address(NamedTuple):
    """What a URL says. The options are those of redis-py's connections."""

    kind: str
    hosts: list[tuple[str, int]]
    service: str
    options: dict[str, Any]


def open_client(settings: Mapping[str, Any]) -> Any:
    """The client that `session.redis.*` describes."""
    ini = Ini(settings)
    url = ini.text("session.redis.url", "redis://localhost:6379/0")
    return connect(url, ini.seconds("session.redis.timeout", 0.25, minimum=0.01))


def connect(url: str, timeout: float) -> Any:
    """A client that waits `timeout` seconds for an answer; it does not connect before it must.

    Raises SettingsError. The URL may hold a password, so the message repeats none of it.
    """
    try:
        kind, hosts, service, options = address_in(url)
        options = {"socket_timeout": timeout, "socket_connect_timeout": timeout, **options}
        _check(options, kind)
        if kind == "cluster":
            return Cluster(hosts, _with_ssl(options))
        if kind == "sentinel":
            return open_master(hosts, service, _with_ssl(options), timeout)
        return OneRedis.from_pool(client.ConnectionPool(retry=retry(1), **options))
    except (ValueError, TypeError, OSError, client.RedisError) as err:
        raise SettingsError(f"session.redis.url cannot be used: {err}") from err


def address_in(url: str) -> Address:
    """Take a URL apart; raises ValueError with a message that quotes no part of it."""
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise ValueError(f"it begins with none of: {', '.join(f'{s}://' for s in SCHEMES)}")
    _refuse_unknown(url)
    if scheme == "unix":
        return Address("", [], "", parse_url(url))  # type: ignore[no-untyped-call]
    scheme, _, kind = scheme.partition("+")
    try:
        parts = urlsplit(f"//{rest}")
        user, _, names = parts.netloc.rpartition("@")
        hosts = [_host(name, 26379 if kind == "sentinel" else 6379) for name in names.split(",")]
    except ValueError:  # it quotes what it does not understand, so perhaps the password
        raise ValueError(
            "it has no readable host:port; in a password write / as %2F, @ as %40, # as %23, "
            "and in an ini file each % twice: %%40"
        ) from None
    if len(hosts) > 1 and not kind:
        raise ValueError(f"several hosts need {scheme}+sentinel:// or {scheme}+cluster://")
    if kind and not all(host for host, _ in hosts):
        raise ValueError("a host is missing")
    path = parts.path.strip("/").split("/")
    service = path.pop(0) if kind == "sentinel" else ""
    if kind == "sentinel" and not service:
        raise ValueError("the name of the master is missing, as in ...:26379/mymaster/0")
    options = parse_url(f"{scheme}://{user}@{names.split(',')[0]}?{parts.query}")  # type: ignore[no-untyped-call]
    options.setdefault("db", _number("/".join(path) or "0"))
    if kind == "cluster" and options["db"]:
        raise ValueError("a Cluster has the database 0 only")
    return Address(kind, hosts, service, options)


def _refuse_unknown(url: str) -> None:
    for name in parse_qs(url.partition("?")[2]):
        if name not in OPTIONS:
            raise ValueError(f"{name} is none of its options: {', '.join(OPTIONS)}")


def _host(name: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{name}")
    return parts.hostname or "", parts.port or port


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("after the last / it has no number of a database")
    return int(text)


def _check(options: dict[str, Any], kind: str) -> None:
    """Raise what redis-py would raise with the first request only."""
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        if name in options and not Path(options[name]).is_file():
            raise ValueError(f"{name} names no file: {options[name]}")
    for name in ("socket_timeout", "socket_connect_timeout"):
        if not 0 < options[name] < 3600:
            raise ValueError(f"{name} is not a number of seconds above 0")
    known = {"connection_class", "max_connections"}
    if kind == "sentinel":
        known |= {"sentinel_username", "sentinel_password"}
    rest = {name: value for name, value in options.items() if name not in known}
    options.get("connection_class", Connection)(**rest)


def _with_ssl(options: dict[str, Any]) -> dict[str, Any]:
    """For the clients that have many connections: `ssl` in the place of a class and a host."""
    rest = {k: v for k, v in options.items() if k not in ("connection_class", "host", "port")}
    return {**rest, "ssl": "connection_class" in options}
