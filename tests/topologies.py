"""Several Redis servers that belong together: a master that Sentinels watch, and a Cluster."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Any, Self

import redis
from redis.crc import key_slot

from tests.processes import free_port, wait_until
from tests.servers import RedisServer

SLOTS = 16384
MASTER = "teahouse"


class Topology:
    """Servers that are started together and stopped together."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack:  # closes what has been started, should the rest fail
            self._arrange()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._stack.close()

    def _arrange(self) -> None:
        raise NotImplementedError

    def _start(self, servers: Sequence[RedisServer]) -> list[RedisServer]:
        for server in servers:
            self._stack.enter_context(closing(server))
        with ThreadPoolExecutor() as pool:
            return list(pool.map(RedisServer.start, servers))


def ask(server: RedisServer) -> Any:
    """A client of that very server."""
    return redis.Redis.from_url(server.url, socket_timeout=5)


def tell(server: RedisServer, *command: str | int) -> Any:
    with ask(server) as client:
        return client.execute_command(*command)


class Watched(Topology):
    """A master and two replicas under three Sentinels, two of which must agree.

    They call a server down after half a second of silence, which is very soon: on a machine
    where that happens for other reasons they would change the master for nothing.
    """

    def _arrange(self) -> None:
        quick = "repl-diskless-sync-delay 0"
        [master] = self._start([RedisServer(lines=[quick])])
        here = f"127.0.0.1 {master.port}"
        self.stores = [
            master,
            *self._start([RedisServer(lines=[quick, f"replicaof {here}"]) for _ in "12"]),
        ]
        # a Sentinel finds the replicas at once if they are there before it
        assert wait_until(lambda: self._replicas(master) == 2, 20)
        lines = (
            f"sentinel monitor {MASTER} {here} 2",
            f"sentinel down-after-milliseconds {MASTER} 500",
            f"sentinel failover-timeout {MASTER} 2000",
        )
        self.sentinels = self._start([RedisServer(sentinel=True, lines=lines) for _ in "123"])
        assert wait_until(self.complete, 20)

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{MASTER}/0"

    @property
    def master(self) -> RedisServer:
        """The one that most Sentinels name."""
        ports = [self._seen_by(sentinel)["port"] for sentinel in self.sentinels]
        return next(s for s in self.stores if s.port == max(ports, key=ports.count))

    def complete(self) -> bool:
        """Whether everybody knows everybody, and the replicas follow."""
        seen = [self._seen_by(sentinel) for sentinel in self.sentinels]
        return (
            {one["num-other-sentinels"] for one in seen} == {2}
            and {one["num-slaves"] for one in seen} == {2}
            and self._replicas(self.master) == 2
        )

    def _seen_by(self, sentinel: RedisServer) -> dict[str, Any]:
        with ask(sentinel) as client:
            seen: dict[str, Any] = client.sentinel_master(MASTER)
            return seen

    def _replicas(self, master: RedisServer) -> int:
        with ask(master) as client:
            info = client.info("replication")
        return sum(
            info.get(f"slave{number}", {}).get("state") == "online"
            for number in range(info["connected_slaves"])
        )


class Clustered(Topology):
    """Three masters without replicas; whoever has a slot answers for it while others are down."""

    def _arrange(self) -> None:
        buses = [free_port() for _ in "123"]
        self.nodes = self._start(
            [RedisServer(persist=True, lines=self._lines(bus)) for bus in buses]
        )
        for number, node in enumerate(self.nodes):
            tell(node, "CLUSTER ADDSLOTSRANGE", *self._edges(number))
            tell(node, "CLUSTER SET-CONFIG-EPOCH", number + 1)
        for node, bus in zip(self.nodes[1:], buses[1:], strict=True):
            tell(self.nodes[0], "CLUSTER MEET", "127.0.0.1", node.port, bus)
        assert wait_until(self.complete, 20)

    def _lines(self, bus: int) -> list[str]:
        return [
            "cluster-enabled yes",
            f"cluster-port {bus}",
            "cluster-node-timeout 1000",
            "cluster-require-full-coverage no",
        ]

    def _edges(self, number: int) -> tuple[int, int]:
        """The first and the last slot of a node."""
        return SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}"

    def complete(self) -> bool:
        """Whether every node knows who has each slot."""
        return all(
            state["cluster_state"] == "ok" and int(state["cluster_slots_assigned"]) == SLOTS
            for state in (tell(node, "CLUSTER INFO") for node in self.nodes if node.running)
        )

    def node_of(self, name: str) -> RedisServer:
        """The one that has this key."""
        slot = key_slot(name.encode())
        return next(n for i, n in enumerate(self.nodes) if slot <= self._edges(i)[1])
