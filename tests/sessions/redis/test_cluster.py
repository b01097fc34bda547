"""The contract of a store, all of it once more, by Redis as a Cluster of three masters (F11)."""

from collections.abc import Iterator

import pytest
from redis.cluster import RedisCluster

from tests.sessions.beds import Clock, RedisBed
from tests.sessions.test_contract import *  # noqa: F403
from tests.topologies import Clustered


class ClusterBed(RedisBed):
    """Keys are spread over the nodes; what a test looks for is looked for on all of them."""

    def __init__(self, clock: Clock, url: str) -> None:
        self.first_node = url.replace("redis+cluster", "redis").partition(",")[0]
        super().__init__(clock, url)

    def connect(self, url: str) -> RedisCluster:
        return RedisCluster.from_url(self.first_node)


@pytest.fixture(scope="module")
def clustered() -> Iterator[Clustered]:
    with Clustered() as clustered:
        yield clustered


@pytest.fixture
def bed(clustered: Clustered, clock: Clock) -> Iterator[RedisBed]:
    bed = ClusterBed(clock, clustered.url).start()
    yield bed
    bed.close()
