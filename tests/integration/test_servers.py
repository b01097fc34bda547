"""The servers that the other tests rely on: they start, stop, break as told, and leave nothing."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import redis as client
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests import processes
from tests.processes import Shop, StartError, free_port, process_state, wait_until
from tests.servers import PostgresServer, RedisServer, find_program

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def connect() -> Iterator[Callable[..., client.Redis]]:
    """Clients that give up soon, and are closed."""
    opened = []

    def connect(url: str, **options: str) -> client.Redis:
        retry = Retry(NoBackoff(), 0)
        opened.append(client.Redis.from_url(url, socket_timeout=0.3, retry=retry, **options))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


def test_redis_answers_on_tcp_a_socket_and_tls(
    redis_server: RedisServer, connect: Callable[..., client.Redis]
) -> None:
    assert connect(redis_server.url).ping()
    assert connect(redis_server.unix_url).ping()
    assert connect(redis_server.tls_url, ssl_ca_certs=str(redis_server.ca_file)).ping()
    with pytest.raises(client.ConnectionError):  # to a client that does not know the authority
        connect(redis_server.tls_url).ping()
    context = ssl.create_default_context(cafile=redis_server.ca_file)
    with (
        socket.create_connection(("localhost", redis_server.tls_port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"PING\r\n")
        assert secure.recv(16) == b"+PONG\r\n"


def test_redis_listens_on_loopback_only(redis_server: RedisServer) -> None:
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    port = f":{redis_server.port:04X} "
    addresses = {line.split()[1] for line in listening.splitlines() if port in line}
    assert f"0100007F{port}".strip() in addresses
    assert not any(address.startswith("00000000") for address in addresses)


def test_redis_can_be_stopped_paused_and_killed(connect: Callable[..., client.Redis]) -> None:
    with RedisServer(persist=True, maxmemory="3mb") as server:
        url, folder = server.url, server.folder
        redis = connect(url)
        assert redis.config_get("maxmemory") == {"maxmemory": str(3 * 1024 * 1024)}
        redis.set("tea", "ujeon")
        server.pause()
        with pytest.raises(client.TimeoutError):
            redis.ping()
        server.resume()
        assert redis.ping()
        server.kill()
        with pytest.raises(client.ConnectionError):
            redis.ping()
        server.start()
        assert server.url == url
        assert redis.get("tea") == b"ujeon"
        assert server.stop() == 0
        assert not server.running
        with pytest.raises(client.ConnectionError):
            redis.ping()
        server.start()
        server.pause()  # stop() wakes a paused one
        assert server.stop() == 0
    assert not folder.exists()


def test_redis_without_persistence_forgets(connect: Callable[..., client.Redis]) -> None:
    with RedisServer() as server:
        redis = connect(server.url)
        redis.set("tea", "ujeon")
        server.stop()
        server.start()
        assert redis.get("tea") is None


def test_postgres_databases_are_made_from_a_template(postgres_server: PostgresServer) -> None:
    def url(name: str) -> str:
        return postgres_server.url_of(name).replace("+psycopg", "")

    postgres_server.create_database("original")
    with psycopg.connect(url("original")) as connection:
        connection.execute("CREATE TABLE tea AS SELECT 'ujeon' AS name")
    postgres_server.create_database("copy", "original")
    with psycopg.connect(url("copy")) as connection:
        assert connection.execute("SELECT name FROM tea").fetchone() == ("ujeon",)
        postgres_server.drop_database("copy")  # even while somebody is connected
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    postgres_server.drop_database("original")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url("original"))


def shared_memory() -> set[str]:
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


def test_a_killed_postgres_keeps_its_data_and_leaves_nothing_behind() -> None:
    with PostgresServer() as server:
        folder = server.folder
        url = server.url.replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE tea AS SELECT 'ujeon' AS name")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT name FROM tea").fetchone() == ("ujeon",)
        number = (folder / "data/postmaster.pid").read_text().splitlines()[6].split()[1]
        assert number in shared_memory()
        server.kill()
    assert not folder.exists()
    assert number not in shared_memory()


@pytest.mark.parametrize("server", ["RedisServer()", 'Shop("development.ini", "memory")'])
def test_a_server_dies_with_the_tests_however_they_die(server: str) -> None:
    script = f"""
        import os, signal
        from tests.processes import Shop
        from tests.servers import RedisServer
        server = {server}.start()
        print(server.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    with TemporaryDirectory() as folder:  # nobody else clears it away
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": folder},
            capture_output=True,
            text=True,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert wait_until(lambda: not process_state(int(done.stdout)), 20)


def test_a_server_started_in_a_thread_outlives_the_thread() -> None:
    server = RedisServer()
    try:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(server.start).result()
        assert not wait_until(lambda: not server.running, 0.3)
    finally:
        server.close()


def test_a_missing_program_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"no-such-server is missing.*package tea"):
        find_program("no-such-server", "tea")


def test_a_server_that_cannot_start_says_why() -> None:
    server = RedisServer(maxmemory="much")
    folder = server.folder
    try:
        with pytest.raises(StartError, match=r"(?s)ended instead of starting.*maxmemory"):
            server.start()
        assert not server.running
    finally:
        server.close()
    assert not folder.exists()


def test_a_port_that_was_taken_meanwhile_is_given_up_at_the_first_start_only() -> None:
    server = RedisServer()
    try:
        with socket.create_server(("127.0.0.1", server.port)):
            taken = server.port
            server.start()
            assert server.port != taken
        server.stop()
        with (
            socket.create_server(("127.0.0.1", server.port)),
            pytest.raises(StartError, match="in use"),
        ):
            server.start()  # its clients know the port, so it may not move any more
    finally:
        server.close()


def test_free_ports_differ_and_are_none_that_a_client_could_be_given() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    first_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(ports) < first_of_clients


@pytest.mark.parametrize("fresh", [True, False])
def test_a_shop_runs_from_a_copy_of_its_ini(sqlite_url: str, fresh: bool) -> None:
    settings = {"sqlalchemy.url": sqlite_url}
    with Shop(ROOT / "development.ini", "memory", settings=settings, fresh=fresh) as shop:
        assert sqlite_url in shop.ini.read_text()
        assert sqlite_url not in (ROOT / "development.ini").read_text()
        with socket.create_connection(("127.0.0.1", shop.port)):
            pass
        folder, pid = shop.folder, shop.pid
        assert shop.stop() in (0, -signal.SIGTERM)
    assert not folder.exists()
    assert process_state(pid) == ""


def test_a_forked_child_closes_nothing_of_its_parent() -> None:
    script = """
        import os
        from tests.servers import RedisServer
        server = RedisServer().start()
        if os.fork() == 0:
            raise SystemExit  # runs the exit handlers
        os.wait()
        print(server.running, server.folder.exists())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_no_time_out_waits_for_ever() -> None:
    assert wait_until(lambda: True, 0)
    assert not wait_until(lambda: False, 0.02)
    assert process_state(os.getpid()) in ("R", "S")
    assert processes.process_state(2**22 + 1) == ""
