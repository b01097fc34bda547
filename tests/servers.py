"""Real Redis and PostgreSQL servers, and PgBouncer, started for the tests alone.

They never touch a server that was already running: own folder, own ports, loopback only. A
missing program is an error, not a skip: a suite that skips its servers has tested nothing.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

from tests.processes import ManagedProcess, free_port, guarded

_OPENSSL = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Pyramid Tea House tests
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = IP:127.0.0.1, DNS:localhost
"""


def find_program(name: str, package: str) -> Path:
    # Debian keeps some in /usr/sbin, which is on the PATH of root alone
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        raise RuntimeError(f"{name} is missing: `make test` installs it (package {package})")
    return Path(found)


def make_certificates(folder: Path) -> None:
    """ca.crt, and server.crt with server.key that it signs, for 127.0.0.1 and localhost.

    The same for every server of this process: openssl takes longer to start than Redis.
    """
    for name, content in _certificates().items():
        (folder / name).write_bytes(content)


@cache
def _certificates() -> dict[str, bytes]:
    """Both have the extensions that Python 3.13 insists on."""
    with tempfile.TemporaryDirectory(prefix="teahouse-certificates-") as folder:
        _sign(Path(folder))
        names = ("ca.crt", "server.crt", "server.key")
        return {name: (Path(folder) / name).read_bytes() for name in names}


def _sign(folder: Path) -> None:
    openssl = find_program("openssl", "openssl")
    (folder / "openssl.cnf").write_text(_OPENSSL)
    key = "-config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    for arguments in (
        f"req -x509 {key} -extensions ca -days 30 -keyout ca.key -out ca.crt",
        f"req {key} -subj /CN=localhost -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 "
        "-extfile openssl.cnf -extensions server -out server.crt",
    ):
        done = subprocess.run(
            [openssl, *arguments.split()], cwd=folder, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"openssl {arguments} failed:\n{done.stderr}")


class RedisServer(ManagedProcess):
    """Redis on TCP, on a unix socket, and with TLS on a second port.

    Keywords become lines of redis.conf: `RedisServer(maxmemory="2mb",
    maxmemory_policy="noeviction")`. With `persist` what was answered survives a restart, and
    a kill. `lines` are for what a keyword cannot say; `sentinel` starts the watcher instead of a
    store.
    """

    name = "redis"

    def __init__(
        self,
        *,
        persist: bool = False,
        sentinel: bool = False,
        lines: Sequence[str] = (),
        **options: str | int,
    ) -> None:
        self._program = find_program("redis-server", "redis-server")
        self._persist = persist
        self._sentinel = sentinel
        self._lines = lines
        self._options = options
        super().__init__()
        make_certificates(self.folder)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        return f"unix://{self.socket_path}?db=0"

    @property
    def tls_url(self) -> str:
        """For a client that trusts `ca_file`."""
        return f"rediss://127.0.0.1:{self.tls_port}/0"

    @property
    def socket_path(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.crt"

    def _choose_ports(self) -> None:
        self.port = free_port()
        self.tls_port = free_port()

    def _command(self) -> Sequence[str | Path]:
        config = self.folder / "redis.conf"
        if not (self._sentinel and config.exists()):  # a sentinel keeps its state in there
            config.write_text(self._config())
        return [self._program, config, *(["--sentinel"] if self._sentinel else [])]

    def _config(self) -> str:
        settings: dict[str, str | int] = {
            "bind": "127.0.0.1",
            "port": self.port,
            "unixsocket": str(self.socket_path),
            "tls-port": self.tls_port,
            "tls-cert-file": "server.crt",
            "tls-key-file": "server.key",
            "tls-ca-cert-file": "ca.crt",
            "tls-auth-clients": "no",
            "dir": str(self.folder),
        }
        if not self._sentinel:
            settings |= {"save": '""', "appendonly": "yes" if self._persist else "no"}
            # "everysec" writes when the disk has time: a kill may come first
            settings |= {"appendfsync": "always"} if self._persist else {}
        settings |= {key.replace("_", "-"): value for key, value in self._options.items()}
        return "\n".join([*(f"{key} {value}" for key, value in settings.items()), *self._lines, ""])

    def _ready(self) -> bool:
        """Over the socket: a stranger may hold the port, but only ours has this folder.

        Redis listens there last, so the ports are open as well.
        """
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            try:
                client.connect(str(self.socket_path))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")  # -LOADING while it reads its data
            except OSError:
                return False


def postgres_programs() -> Path:
    """The folder with both initdb and postgres.

    PATH comes last, and symbolic links are followed: initdb looks for postgres beside itself,
    and Debian's PATH has neither.
    """
    folders: list[Path] = []
    if config := shutil.which("pg_config"):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True)
        folders.append(Path(answer.stdout.strip()))
    versions = Path("/usr/lib/postgresql").glob("[1-9]*/bin")
    folders.extend(sorted(versions, key=lambda path: float(path.parent.name), reverse=True))
    if initdb := shutil.which("initdb"):
        folders.append(Path(initdb).resolve().parent)
    for folder in folders:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    raise RuntimeError("initdb is missing: `make test` installs it (package postgresql)")


def unprivileged_user() -> tuple[int, int]:
    """PostgreSQL refuses to run as root: then (uid, gid) of postgres or nobody."""
    if os.getuid() != 0:
        return 0, 0
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return entry.pw_uid, entry.pw_gid


class PostgresServer(ManagedProcess):
    """PostgreSQL over TCP and a unix socket; the user is `postgres`, without a password.

    It trades safety for speed: no fsync. A kill of the process loses nothing all the same, as
    what was written is with the kernel. Keywords become settings of postgresql.conf.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": SIGTERM would wait for every client to leave
    death_signal = signal.SIGQUIT  # SIGKILL would leave its shared memory behind

    def __init__(self, **settings: str | int) -> None:
        self._programs = postgres_programs()
        self._settings: dict[str, str | int] = {
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
            "max_connections": 100,
            **settings,
        }
        super().__init__()
        self.user = unprivileged_user()
        if any(self.user):
            os.chown(self.folder, *self.user)

    @property
    def url(self) -> str:
        """Of the database that is always there."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create and return its URL. A template with the tables in it saves the migration."""
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(command.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Drop, even under connections that a test forgot."""
        command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._execute(command.format(sql.Identifier(name)))

    def close(self) -> None:
        pid_file = self.folder / "data" / "postmaster.pid"
        try:
            if not self.running and pid_file.exists():  # killed
                remove_shared_memory(pid_file)
        finally:
            super().close()

    def _choose_ports(self) -> None:
        self.port = free_port()

    def _command(self) -> Sequence[str | Path]:
        data = self.folder / "data"
        if not data.exists():
            self._initdb(data)
        settings = {
            **self._settings,
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
        }
        pairs = (("-c", f"{key}={value}") for key, value in settings.items())
        return [self._programs / "postgres", "-D", data, *(word for pair in pairs for word in pair)]

    def _initdb(self, data: Path) -> None:
        options = "--auth=trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions"
        command = guarded([self._programs / "initdb", *options.split(), "-D", data], user=self.user)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _connect(self) -> psycopg.Connection:
        """Over the socket in our folder: a stranger may hold the port."""
        return psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user="postgres",
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )

    def _execute(self, command: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(command)

    def _ready(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True


class PgBouncer(ManagedProcess):
    """PgBouncer in transaction mode before a PostgresServer, over TCP and a unix socket.

    Keywords become lines of pgbouncer.ini.
    """

    name = "pgbouncer"

    def __init__(self, server: PostgresServer, **settings: str | int) -> None:
        self._program = find_program("pgbouncer", "pgbouncer")
        self._server = server
        self._settings = settings
        super().__init__()
        self.user = unprivileged_user()
        if any(self.user):
            os.chown(self.folder, *self.user)

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def _choose_ports(self) -> None:
        self.port = free_port()

    def _command(self) -> Sequence[str | Path]:
        settings: dict[str, object] = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": self.folder,
            "auth_type": "any",
            "pool_mode": "transaction",
            **self._settings,
        }
        lines = (f"{key} = {value}" for key, value in settings.items())
        databases = f"* = host=127.0.0.1 port={self._server.port} user=postgres"
        text = "\n".join(["[databases]", databases, "[pgbouncer]", *lines, ""])
        (config := self.folder / "pgbouncer.ini").write_text(text)
        return [self._program, config]

    def _ready(self) -> bool:
        """Over the socket in our folder: a stranger may hold the port."""
        try:
            psycopg.connect(
                host=str(self.folder), port=self.port, user="postgres", dbname="postgres"
            ).close()
        except psycopg.OperationalError:
            return False
        return True


def remove_shared_memory(pid_file: Path) -> None:
    """A killed PostgreSQL leaves a System V segment; the file's seventh line has its number."""
    words = pid_file.read_text().splitlines()[6].split()
    ctypes.CDLL(None).shmctl(int(words[1]), 0, None)  # 0 is IPC_RMID
