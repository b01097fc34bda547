"""The client of the master that Sentinels name at the moment."""

from collections.abc import Sequence
from typing import Any

from redis.sentinel import (
    Sentinel,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from demoapp.sessions.redis.client import OneRedis, retry


def open_master(
    hosts: Sequence[tuple[str, int]], service: str, options: dict[str, Any], timeout: float
) -> OneRedis:
    """To ask all Sentinels, should they all be silent, takes no longer than one time-out."""
    asking: dict[str, Any] = {name: v for name, v in options.items() if name.startswith("ssl")}
    for name in ("username", "password"):
        asking[name] = options.pop(f"sentinel_{name}", None)
    for name in ("socket_timeout", "socket_connect_timeout"):
        asking[name] = timeout / len(hosts)
    sentinels = Sentinel(hosts, sentinel_kwargs={**asking, "retry": retry(0)})  # type: ignore[no-untyped-call]
    options["connection_class"] = _SecureMaster if options.pop("ssl") else _Master
    return sentinels.master_for(service, redis_class=OneRedis, retry=retry(1), **options)  # type: ignore[no-untyped-call,no-any-return]


class _Master(SentinelManagedConnection):
    """Closed after an error, as every other connection.

    redis-py 8.1 keeps this one open when an answer is late, and the next command reads that
    answer as its own: the session of another visitor (redis-py, pull request 4292).
    """

    def read_response(self, *args: Any, **options: Any) -> Any:
        return super().read_response(*args, **{"disconnect_on_error": True, **options})


class _SecureMaster(_Master, SentinelManagedSSLConnection):
    """The same over TLS."""
