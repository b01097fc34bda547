"""The client of one Redis, or of the master that Sentinels name.

A page must not wait for long, so it gives up after the time-out. It asks again once if a
connection broke: that heals those that a restart left dead in the pool. A command that times
out is not repeated. redis-py by itself would wait 5 seconds, and try ten times more.
"""

from collections.abc import Sequence
from typing import Any

import redis as client
from redis.backoff import NoBackoff
from redis.retry import Retry


def retry(times: int) -> Retry:
    return Retry(NoBackoff(), times, supported_errors=(client.ConnectionError,))


class OneRedis(client.Redis):
    """One server."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except client.ResponseError as err:
            # in a script, Redis 6 calls it another error
            if not isinstance(err, client.ReadOnlyError) and "READONLY" not in str(err):
                raise
            # a replica by now; but its address may lead to another server
            self.connection_pool.disconnect(inuse_connections=False)
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def ask_all(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answers, some of which may be errors, in one round trip."""
        pipeline = self.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        return pipeline.execute(raise_on_error=False)
