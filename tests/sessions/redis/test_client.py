"""The ways to a Redis: TCP, TLS, a unix socket, another database, a password."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from demoapp.sessions.ini import SettingsError
from demoapp.sessions.interfaces import ISessionStore, SessionStoreUnavailable
from demoapp.sessions.redis.url import connect
from tests.servers import RedisServer
from tests.sessions.beds import open_app
from tests.sessions.visitor import Visitor


def used(url: str) -> None:
    app = open_app({"session.strategy": "redis", "session.redis.url": url})
    try:
        visitor = Visitor(app)
        visitor.put(a=[])
        visitor.do(lambda request: request.session["a"].append(1))
        assert visitor.data() == {"a": [1]}
        visitor.do(lambda request: request.session.invalidate())
        assert visitor.data() == {}
    finally:
        app.registry.getUtility(ISessionStore)._redis.close()


def test_tcp(redis_server: RedisServer) -> None:
    used(redis_server.url)
    used(redis_server.url.replace("/0", "/7"))


def test_unix_socket(redis_server: RedisServer) -> None:
    used(redis_server.unix_url)


def test_tls_with_the_authority_in_the_url(redis_server: RedisServer) -> None:
    used(f"{redis_server.tls_url}?ssl_ca_certs={redis_server.ca_file}")


def test_tls_of_a_stranger_is_refused(redis_server: RedisServer) -> None:
    with pytest.raises(SessionStoreUnavailable):
        used(redis_server.tls_url)  # no authority of the system's has signed it


def test_tls_with_a_missing_file_does_not_start_H5(redis_server: RedisServer) -> None:
    with pytest.raises(SettingsError, match=r"names no file: /nowhere/ca\.crt"):
        used(f"{redis_server.tls_url}?ssl_ca_certs=/nowhere/ca.crt")


def test_an_answer_that_nobody_waited_for_is_nobody_elses(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a signal ends what a thread was doing."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    redis = connect(redis_server.url, 5)
    try:
        redis.set("one", "1")
        redis.set("two", "2")
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(redis, "parse_response", interrupted)
            redis.get("one")
        assert redis.get("two") == b"2"
    finally:
        redis.close()


@pytest.fixture
def locked_redis() -> Iterator[RedisServer]:
    with RedisServer(
        lines=["user default on nopass ~* &* +@all", "user tea on >house ~* +@all"]
    ) as it:
        yield it


PRELOADED = """
import os, sys
from demoapp.sessions.redis.url import connect
redis = connect(sys.argv[1], 5)
redis.ping()
child = os.fork()
redis.ping(), redis.ping()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 0)
"""


def test_a_fork_has_as_many_connections_as_the_url_says_P4(redis_server: RedisServer) -> None:
    """Those of the process that has preloaded the application are not its own."""
    url = f"{redis_server.url}&max_connections=1"
    subprocess.run([sys.executable, "-c", PRELOADED, url], check=True)


def test_user_and_password(locked_redis: RedisServer) -> None:
    used(locked_redis.url.replace("redis://", "redis://tea:house@"))
    with pytest.raises(SessionStoreUnavailable) as caught:
        used(locked_redis.url.replace("redis://", "redis://tea:horse@"))
    assert "horse" not in str(caught.value)
