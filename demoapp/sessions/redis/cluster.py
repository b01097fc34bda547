"""The client of a Redis Cluster: of each session it asks the one node that has it."""

import threading
from collections.abc import Sequence
from typing import Any

import redis as client
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import AskError, RedisClusterException

from demoapp.sessions.redis.client import retry


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
                        retry=retry(1),
                        **self._options,
                    )
                except RedisClusterException as err:
                    raise client.ConnectionError(str(err)) from err
            return self._made

    def ask_all(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answers to commands that have one key each, in one round trip a node.

        When a node hangs, a pipeline of redis-py's Cluster waits again for each command.
        """
        redis = self._client()
        nodes = [redis.get_node_from_key(command[1]) for command in commands]  # type: ignore[no-untyped-call]
        answers = {}
        for node in set(nodes):
            pipeline = redis.get_redis_connection(node).pipeline(transaction=False)
            for command, where in zip(commands, nodes, strict=True):
                if where == node:
                    pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
            try:
                answers[node] = iter(pipeline.execute(raise_on_error=False))
            except client.RedisError as err:
                err.connection = node  # type: ignore[attr-defined]  # as redis-py does elsewhere
                raise
        found = [
            (command, next(answers[node])) for command, node in zip(commands, nodes, strict=True)
        ]
        # it has moved to another node
        return [redis.execute_command(*c) if isinstance(a, AskError) else a for c, a in found]

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
