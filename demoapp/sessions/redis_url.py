"""What `session.redis.url` may say, taken apart and checked.

    redis://user:password@host:6379/0
    unix:///run/redis/redis.sock?db=0
    redis+sentinel://user:password@host:26379,host:26379,host:26379/mymaster/0
    redis+cluster://user:password@host:6379,host:6379

With `rediss` in the place of `redis` over TLS. Of a Cluster some nodes are enough: they know the
others. Options of redis-py follow after a `?`, such as ssl_ca_certs=/etc/ssl/redis-ca.crt;
sentinel_username and sentinel_password are for the Sentinels, user and password for Redis.
"""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from redis.connection import parse_url

KINDS = ("", "+sentinel", "+cluster")
SCHEMES = ("unix", *(f"redis{tls}{kind}" for kind in KINDS for tls in ("", "s")))


class Address(NamedTuple):
    """What a URL says. The options are those of redis-py's connections."""

    kind: str
    hosts: list[tuple[str, int]]
    service: str
    options: dict[str, Any]


def address_in(url: str) -> Address:
    """Take a URL apart; raises ValueError with a message that quotes no part of it."""
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise ValueError(f"it begins with none of: {', '.join(f'{s}://' for s in SCHEMES)}")
    if scheme == "unix":
        return Address("", [], "", parse_url(url))  # type: ignore[no-untyped-call]
    scheme, _, kind = scheme.partition("+")
    try:
        parts = urlsplit(f"//{rest}")
        user, _, names = parts.netloc.rpartition("@")
        hosts = [_host(name, 26379 if kind == "sentinel" else 6379) for name in names.split(",")]
    except ValueError:  # it quotes what it does not understand, so perhaps the password
        raise ValueError(
            "it has no readable host:port; in a password write / as %2F, @ as %40, # as %23"
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


def _host(name: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{name}")
    return parts.hostname or "", parts.port or port


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("after the last / it has no number of a database")
    return int(text)
