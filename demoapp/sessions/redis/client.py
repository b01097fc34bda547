"""The client of one Redis, or of the master that Sentinels name.

A page must not wait for long, so it gives up after the time-out. It asks again once if a
connection broke: that heals those that a restart left dead in the pool. A command that times
out is not repeated. redis-py by itself would wait 5 seconds, and try ten times more.
"""

import os
from collections import deque
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

    def __init__(self, *args: Any, **options: Any) -> None:
        self._idle: deque[Any] = deque()
        super().__init__(*args, **options)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """As redis-py's own, without what its pool asks, locks and measures: that takes as long
        as the command.
        """
        connection = self._connection()
        try:
            connection.connect()
            try:
                return self._ask(connection, *args, **options)
            except (client.ConnectionError, client.ResponseError) as err:
                # a replica by now, but its address may lead to another server; in a script,
                # Redis 6 calls it another error
                if isinstance(err, client.ResponseError) and "READONLY" not in repr(err).upper():
                    raise
                connection.disconnect()
                connection.connect()
                return self._ask(connection, *args, **options)
        except BaseException as err:
            if not isinstance(err, client.ResponseError):
                connection.disconnect()  # an answer that is still to come is nobody else's
            raise
        finally:
            self._idle.append(connection)

    def _connection(self) -> Any:
        """The last that was used: it is the least likely to be closed by now."""
        try:
            connection = self._idle.pop()
        except IndexError:
            return self.connection_pool.make_connection()
        if connection.pid != os.getpid():  # from before a fork, as are all that it knows of
            self._idle.clear()
            self.connection_pool.reset()
            return self.connection_pool.make_connection()
        return connection

    def _ask(self, connection: Any, *args: Any, **options: Any) -> Any:
        connection.send_command(*args)
        return self.parse_response(connection, args[0], **options)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        super().close()
        while self._idle:
            self._idle.pop().disconnect()

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
