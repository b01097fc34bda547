"""Requests a second under waitress: the application in a process of its own, the load in this one.

Each of eight connections belongs to a visitor of its own. And what is kept: twenty clients of one
session, over two processes that share it, add two hundred times; a store that loses some is no
peer of one that does not, however fast it is.
"""

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.contenders import LINES
from tests.processes import free_port

CONNECTIONS, THREADS = 8, 4


@contextmanager
def served(number: int, places: list[str], threads: int = THREADS) -> Iterator[int]:
    """A contender, by its number, on the port that is yielded."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.serve", str(number), str(port), str(threads)]
    with subprocess.Popen([*command, *places]) as process:  # noqa: S603 - our own
        try:
            for _ in range(200):
                try:
                    Client(port).ask("untouched")
                    break
                except OSError:
                    time.sleep(0.05)
            yield port
        finally:
            process.terminate()


class Client:
    """One connection that stays open, and one cookie jar."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies = dict(cookies or {})
        self.replays = 0
        self.body = b""

    def ask(self, act: str) -> int:
        shown = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        method = "POST" if act in ("add", "begin") else "GET"
        self._connection.request(method, f"/{act}", headers={"Cookie": shown} if shown else {})
        answer = self._connection.getresponse()
        self.body = answer.read()
        self.replays += int(answer.headers.get("Attempt", 0))
        for line in answer.headers.get_all("Set-Cookie") or []:
            key, _, rest = line.partition("=")
            self.cookies[key] = rest.partition(";")[0]
        return answer.status

    def close(self) -> None:
        self._connection.close()


def rate(port: int, act: str, seconds: float) -> float:
    """Answers a second."""
    clients = [Client(port) for _ in range(CONNECTIONS)]
    for client in clients:
        client.ask("begin")
    counts = [0] * CONNECTIONS
    until = time.perf_counter() + seconds

    def work(number: int) -> None:
        while time.perf_counter() < until:
            if clients[number].ask(act) == 200:
                counts[number] += 1

    begun = time.perf_counter()
    in_parallel(work, CONNECTIONS)
    taken = time.perf_counter() - begun
    for client in clients:
        client.close()
    return sum(counts) / taken


def in_parallel(work: Any, count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def adds_kept(ports: list[int], clients: int, adds: int) -> dict[str, Any]:
    """Of `adds` by `clients` of one session: how many were answered, and how many are there."""
    first = Client(ports[0])
    first.ask("begin")
    visitors = [Client(ports[n % len(ports)], first.cookies) for n in range(clients)]
    answered, seconds = [0] * clients, [0.0] * adds

    def work(number: int) -> None:
        for turn in range(number, adds, clients):
            begun = time.perf_counter()
            answered[number] += visitors[number].ask("add") == 200
            seconds[turn] = time.perf_counter() - begun

    begun = time.perf_counter()
    in_parallel(work, clients)
    whole = time.perf_counter() - begun
    # a cookie holds it all: the last answer is what a browser would go on with
    last = Client(ports[0], visitors[-1].cookies)
    last.ask("read")
    kept = int(last.body) - sum(LINES.values())
    for one in (first, last, *visitors):
        one.close()
    ordered = sorted(seconds)
    return {
        "answered": sum(answered),
        "kept": kept,
        "replays": sum(one.replays for one in visitors),
        "seconds": round(whole, 2),
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 1),
    }
