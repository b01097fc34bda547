"""The client of one Redis, or of the master that Sentinels name.

A page must not wait for long, so it gives up after the time-out. It asks again once if a
connection broke: that heals those that a restart left dead in the pool. A command that times
out is not repeated. redis-py by itself would wait 5 seconds, and try ten times more.
"""

from collections.abc import Sequence
from hashlib import sha1
from typing import Any

import redis as client
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry


def retry(times: int) -> Retry:
    return Retry(NoBackoff(), times, supported_errors=(client.ConnectionError,))


class OneRedis(client.Redis):
    """One server."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return self._ask(*args, **options)
        except client.ResponseError as err:
            # in a script, Redis 6 calls it another error
            if not isinstance(err, client.ReadOnlyError) and "READONLY" not in str(err):
                raise
            # a replica by now; but its address may lead to another server
            self.connection_pool.disconnect(inuse_connections=False)
            return self._ask(*args, **options)

    def _ask(self, *args: Any, **options: Any) -> Any:
        """As redis-py's own, without what it measures of each command."""
        connection: Any = self.connection_pool.get_connection()

        def ask() -> Any:
            connection.send_command(*args)
            return self.parse_response(connection, args[0], **options)  # type: ignore[no-untyped-call]

        try:
            return connection.retry.call_with_retry(ask, lambda err: connection.disconnect())
        finally:
            self.connection_pool.release(connection)

    def ask_all(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answers, some of which may be errors, in one round trip."""
        pipeline = self.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        return pipeline.execute(raise_on_error=False)


class Script:
    """A Lua script, sent by its hash; as a whole only to a node that does not know it yet.

    redis-py's own class loads it into every master of a Cluster then, so that one that is down
    would stop the others.
    """

    def __init__(self, redis: Any, text: str) -> None:
        self._redis = redis
        self._text = text
        self._hash = sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], args: Sequence[Any]) -> Any:
        try:
            return self._redis.evalsha(self._hash, len(keys), *keys, *args)
        except NoScriptError:
            return self._redis.eval(self._text, len(keys), *keys, *args)
