"""The client for `session.redis.url`: one Redis, the master that Sentinels name, or a Cluster.

A page must not wait for long, so every client gives up after the time-out. It asks again once if
a connection broke: that heals those that a restart left dead in the pool. A command that times
out is not repeated. redis-py by itself would wait 5 seconds, and try ten times more.
"""

import threading
from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any

import redis as client
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import Connection
from redis.exceptions import NoScriptError, RedisClusterException
from redis.retry import Retry
from redis.sentinel import (
    Sentinel,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from demoapp.sessions.redis_url import address_in
from demoapp.sessions.settings import SettingsError
from demoapp.sessions.timing import trip


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
            return _master(hosts, service, _with_ssl(options), timeout)
        return OneRedis.from_pool(client.ConnectionPool(retry=_retry(1), **options))
    except (ValueError, TypeError) as err:
        raise SettingsError(f"session.redis.url cannot be used: {err}") from err


def _check(options: dict[str, Any], kind: str) -> None:
    """Raise what redis-py would raise with the first request only."""
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        if name in options and not Path(options[name]).is_file():
            raise ValueError(f"{name} names no file: {options[name]}")
    known = {"connection_class", "max_connections"}
    if kind == "sentinel":
        known |= {"sentinel_username", "sentinel_password"}
    rest = {name: value for name, value in options.items() if name not in known}
    options.get("connection_class", Connection)(**rest)


def _retry(times: int) -> Retry:
    return Retry(NoBackoff(), times, supported_errors=(client.ConnectionError,))


def _with_ssl(options: dict[str, Any]) -> dict[str, Any]:
    """For the clients that have many connections: `ssl` in the place of a class and a host."""
    rest = {k: v for k, v in options.items() if k not in ("connection_class", "host", "port")}
    return {**rest, "ssl": "connection_class" in options}


def _master(
    hosts: Sequence[tuple[str, int]], service: str, options: dict[str, Any], timeout: float
) -> Any:
    """To ask all Sentinels, should they all be silent, takes no longer than one time-out."""
    asking: dict[str, Any] = {name: v for name, v in options.items() if name.startswith("ssl")}
    for name in ("username", "password"):
        asking[name] = options.pop(f"sentinel_{name}", None)
    for name in ("socket_timeout", "socket_connect_timeout"):
        asking[name] = timeout / len(hosts)
    sentinels = Sentinel(hosts, sentinel_kwargs={**asking, "retry": _retry(0)})  # type: ignore[no-untyped-call]
    options["connection_class"] = _SecureMaster if options.pop("ssl") else _Master
    return sentinels.master_for(service, redis_class=OneRedis, retry=_retry(1), **options)  # type: ignore[no-untyped-call]


class _Master(SentinelManagedConnection):
    """Closed after an error, as every other connection.

    redis-py 8.1 keeps this one open when an answer is late, and the next command reads that
    answer as its own: the session of another visitor (redis-py, pull request 4292).
    """

    def read_response(self, *args: Any, **options: Any) -> Any:
        return super().read_response(*args, **{"disconnect_on_error": True, **options})


class _SecureMaster(_Master, SentinelManagedSSLConnection):
    """The same over TLS."""


class OneRedis(client.Redis):
    """One server, or the master of the moment."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        trip()
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def register_script(self, script: Any) -> Any:
        return Script(self, script)

    def server_of(self, name: str) -> str:
        """Which server has that key: there is only one."""
        return ""

    def server_in(self, err: client.RedisError) -> str:
        """Which server has failed."""
        return ""


class _Turns:
    """One at a time, and nobody waits for longer than the time-out.

    When all nodes hang, redis-py lets each thread ask all of them, one thread after the other.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._timeout):
            raise client.TimeoutError("another request is still looking for the Cluster")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _Cluster(RedisCluster):
    ERRORS_ALLOW_RETRY = (client.ConnectionError,)  # type: ignore[assignment]  # not time-outs

    def __init__(self, turns: _Turns, **options: Any) -> None:
        super().__init__(**options)
        draw = self.nodes_manager.initialize

        def draw_map_again(*args: Any, **options: Any) -> None:
            with turns:
                draw(*args, **options)

        self.nodes_manager.initialize = draw_map_again  # type: ignore[method-assign]

    def execute_command(self, *args: Any, **options: Any) -> Any:
        trip()
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except RedisClusterException as err:  # is no RedisError
            raise client.ConnectionError(str(err)) from err


class Cluster:
    """A Cluster. RedisCluster asks for its map when it is made; this one with the first command,
    so that the shop starts without it, and finds it later.
    """

    def __init__(self, hosts: Sequence[tuple[str, int]], options: dict[str, Any]) -> None:
        self._hosts = hosts
        self._options = {name: value for name, value in options.items() if name != "db"}
        self._made: _Cluster | None = None
        self._turns = _Turns(options["socket_connect_timeout"])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client(), name)

    def _client(self) -> _Cluster:
        if self._made:
            return self._made
        with self._turns:
            if self._made is None:
                try:
                    self._made = _Cluster(
                        self._turns,
                        startup_nodes=[ClusterNode(*host) for host in self._hosts],  # type: ignore[no-untyped-call]
                        require_full_coverage=False,  # what is lost is lost; the rest goes on
                        retry=_retry(1),
                        **self._options,
                    )
                except RedisClusterException as err:
                    raise client.ConnectionError(str(err)) from err
            return self._made

    def register_script(self, script: str | bytes) -> "Script":
        return Script(self, script)

    def server_of(self, name: str) -> str:
        """Which server has that key, as host:port; empty while that is not known."""
        try:
            return str(self._made.get_node_from_key(name).name) if self._made else ""  # type: ignore[no-untyped-call]
        except RedisClusterException:
            return ""

    def server_in(self, err: client.RedisError) -> str:
        """Which server has failed, as host:port; empty when it was all of them."""
        failed = getattr(err, "connection", None)
        return f"{failed.host}:{failed.port}" if failed else ""

    def close(self) -> None:
        if self._made:
            self._made.close()


class Script:
    """A Lua script, sent by its hash; as a whole only to a server that does not know it yet.

    redis-py's own class loads it into every master of a Cluster then, so that one that is down
    would stop the others.
    """

    def __init__(self, redis: Any, script: str | bytes) -> None:
        self._redis = redis
        self._text = script.encode() if isinstance(script, str) else script
        self._hash = sha1(self._text, usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], args: Sequence[Any]) -> Any:
        try:
            return self._redis.evalsha(self._hash, len(keys), *keys, *args)
        except NoScriptError:
            return self._redis.eval(self._text, len(keys), *keys, *args)
