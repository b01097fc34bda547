"""How long a request takes, without a web server: all contenders in turn, in many short rounds.

A busy moment of the machine then falls on all alike. What is kept of a round is its median, and
of the rounds their median and quartiles. The unit is microseconds, and only ratios mean anything.
"""

import gc
import io
import time
from statistics import median, quantiles
from typing import Any

from benchmarks.contenders import ACTS

REQUESTS = 40


class Visitor:
    """Calls a WSGI application as a server would, and keeps its cookies."""

    def __init__(self, app: Any, sessions: bool = True) -> None:
        self._app = app
        self._cookies: dict[str, str] = {}
        if sessions:
            self.ask("begin")

    def ask(self, act: str) -> bytes:
        environ = {
            "REQUEST_METHOD": "POST" if act in ("add", "begin") else "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/{act}",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "CONTENT_LENGTH": "0",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if self._cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{k}={v}" for k, v in self._cookies.items())
        answered: list[Any] = []
        body = b"".join(self._app(environ, lambda *told: answered.extend(told)))
        if not answered[0].startswith("200"):
            raise RuntimeError(f"/{act} was answered {answered[0]}")
        for name, value in answered[1]:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = rest.partition(";")[0]
        return body

    def time(self, act: str) -> float:
        """The median of one round, in microseconds."""
        taken = []
        for _ in range(REQUESTS):
            begun = time.perf_counter()
            self.ask(act)
            taken.append(time.perf_counter() - begun)
        return median(taken) * 1e6


def measure(apps: dict[str, Any], rounds: int, progress: Any) -> dict[str, Any]:
    """{name: {act: {median, low, high}}}; without a session an application has one act only."""
    visitors = {name: Visitor(app, "none" not in name) for name, app in apps.items()}
    taken: dict[tuple[str, str], list[float]] = {}
    gc.collect()
    gc.freeze()
    for turn in range(rounds):
        names = list(visitors)
        first = turn % len(names)  # each is the first of a round, and the last of one
        for act in ACTS:
            for name in names[first:] + names[:first]:
                if "none" in name and act != "untouched":
                    continue
                visitor = visitors[name]
                visitor.ask(act)  # the others have had the caches
                taken.setdefault((name, act), []).append(visitor.time(act))
        progress(turn + 1, rounds, "in process")
    result: dict[str, Any] = {}
    for (name, act), values in taken.items():
        low, _, high = quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
        result.setdefault(name, {})[act] = {
            "median": round(median(values), 1),
            "low": round(low, 1),
            "high": round(high, 1),
        }
    return result
