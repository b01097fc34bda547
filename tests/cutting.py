"""TCP proxies on loopback, and two that lose what a server has answered, when a test says so.

A server that was stopped has done nothing with a command. Here it has done it, and only its
answer is lost: the client cannot know.
"""

import abc
import select
import socket
import threading
from typing import Any, BinaryIO, Self

HANDSHAKE = frozenset((b"AUTH", b"CLIENT", b"HELLO", b"PING", b"SELECT"))


class Proxy(abc.ABC):
    """One thread a connection. `target`, a port, is asked for each new connection."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._listener)
        for one in list(self._sockets):
            _end(one)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    @abc.abstractmethod
    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        """Carry both ways until one side has ended, or is to be cut."""

    def _begin(self, work: Any, *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._begin(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client:
            self._sockets.add(client)
            try:
                with socket.create_connection(("127.0.0.1", self.target)) as server:
                    for one in (client, server):
                        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._sockets.add(server)
                    self._relay(client, server)
            except OSError:
                pass  # one side has gone, and so the other
            # ended, not only closed: a reader of the same socket may still hold it open
            _end(client)


def _end(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class RedisProxy(Proxy):
    """Loses the answer to one command, counted from :meth:`lose` on; 1 is the next.

    What comes after that is told by `then`: "answer" (a hiccup), "refuse" or "hang", until
    :meth:`heal`. With `arrives=False` the command is not even done.
    """

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.answered = 0
        """How many commands of sessions were answered."""
        self.asked = 0
        """How many were sent."""
        self.lost: bytes | None = None
        """The command whose answer was lost, once it was."""
        self._left = 0
        self._then = "answer"
        self._arrives = True
        self._state = "answer"
        self._healed = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def lose(self, number: int, then: str = "answer", arrives: bool = True) -> None:
        self._left, self._then, self._arrives, self.lost = number, then, arrives, None
        self._healed.clear()

    def heal(self) -> None:
        self._left, self._state = 0, "answer"
        self._healed.set()

    def __exit__(self, *_: object) -> None:
        self.heal()
        super().__exit__()

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        asked, answers = client.makefile("rb"), server.makefile("rb")
        with asked, answers:
            while self._allowed() and (command := read_message(asked)) and self._allowed():
                counts = command.split(b"\r\n")[2].upper() not in HANDSHAKE
                self.asked += counts
                chosen = counts and self._chosen()
                if chosen and not self._arrives:
                    return self._lose(command)
                server.sendall(command)
                answer = read_message(answers)
                if chosen:
                    return self._lose(command)
                client.sendall(answer)
                self.answered += counts
        return None

    def _allowed(self) -> bool:
        if self._state == "hang":
            self._healed.wait(30)
            return False
        return self._state == "answer"

    def _chosen(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left == 0

    def _lose(self, command: bytes) -> None:
        self.lost, self._state = command, self._then
        self._allowed()


def read_message(stream: BinaryIO) -> bytes:
    """One command or answer of the Redis protocol; empty when the connection has ended."""
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        return b""
    kind, count = line[:1], line[1:-2]
    if count == b"-1":
        return line
    if kind in b"$=!":
        return line + stream.read(int(count) + 2)
    if kind in b"*~>%":
        items = int(count) * (2 if kind == b"%" else 1)
        return line + b"".join(read_message(stream) for _ in range(items))
    return line


class PostgresProxy(Proxy):
    """Cuts the connection after the next COMMIT took effect, before its answer, if told to."""

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self._armed = False
        self.cuts = 0

    def lose_commit(self) -> None:
        self._armed = True

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            for source in select.select([client, server], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                (server if source is client else client).sendall(data)
                # a simple query: Q, its length, its text
                if source is client and self._armed and data.endswith(b"\x0bCOMMIT\x00"):
                    self._armed = False
                    while not server.recv(65536).endswith(b"Z\x00\x00\x00\x05I"):  # ready again
                        pass
                    self.cuts += 1
                    return
