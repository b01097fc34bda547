"""Figures for Prometheus at /metrics: requests, and what their sessions cost.

Several processes answer as one if the environment has PROMETHEUS_MULTIPROC_DIR, a folder of
theirs alone; see docs/en/operations.md. gunicorn is told when to call :func:`child_exit` by
`config = python:demoapp.front.metrics`.
"""

import os
import re
import time
from pathlib import Path
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from pyramid.response import Response
from pyramid_retry import BeforeRetry

from demoapp.front.timing import Cost
from demoapp.sessions.ini import SettingsError

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
QUICK = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""Seconds; from a dict to a replay that waits for its turn."""


class Metrics:
    """One registry an application, so that two in one process count apart."""

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self.registry = registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self.requests = Counter("shop_requests", "Answers sent", labels, registry=registry)
        self.seconds = Histogram(
            "shop_request_seconds", "Time to answer", ("route",), registry=registry
        )
        self.active = Gauge(
            "shop_requests_active",
            "Requests being answered just now",
            registry=registry,
            multiprocess_mode="livesum",  # what a worker was at when it died does not count
        )
        self.replays = Counter(
            "shop_replays", "Attempts thrown away and replayed", ("error",), registry=registry
        )
        self.session_seconds = Histogram(
            "shop_session_seconds",
            "Time to load or save a session; the count is that of loads and saves",
            ("stage",),
            buckets=QUICK,
            registry=registry,
        )
        self.session_errors = Counter(
            "shop_session_errors",
            "Loads and saves that failed: SessionConflict, SessionStoreUnavailable, ...",
            ("stage", "error"),
            registry=registry,
        )

    def text(self) -> bytes:
        if not self._folder:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together, self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def answered(self, request: Any, response: Any, seconds: float) -> None:
        # names of routes only: a label for every address a visitor makes up would fill memory
        route = getattr(request.matched_route, "name", None) or "none"
        method = request.method if request.method in METHODS else "other"
        self.requests.labels(route, method, response.status_int).inc()
        self.seconds.labels(route).observe(seconds)

    def session(self, cost: Cost) -> None:
        """Count the costs of one attempt, at its end: a session may be saved after every tween."""
        stages = {"load": cost.load, "save": cost.save}
        for name, stage in stages.items():
            if stage.error:
                self.session_errors.labels(name, type(stage.error).__name__).inc()
            elif stage.seconds and (name == "load" or cost.saved):
                self.session_seconds.labels(name).observe(stage.seconds)


def tween_factory(handler: Any, registry: Any) -> Any:
    metrics: Metrics = registry["metrics"]

    def tween(request: Any) -> Any:
        answers: list[Any] = []
        begun = time.perf_counter()

        def finished(request: Any) -> None:
            for response in answers:  # none of an attempt that is to be replayed: it raises
                metrics.answered(request, response, time.perf_counter() - begun)
            if cost := request.__dict__.get("session_cost"):
                metrics.session(cost)

        request.add_finished_callback(finished)
        with metrics.active.track_inprogress():
            answers.append(handler(request))
        return answers[0]

    return tween


def count_replay(event: Any) -> None:
    event.request.registry["metrics"].replays.labels(type(event.exception).__name__).inc()


def show(request: Any) -> Response:
    return Response(
        request.registry["metrics"].text(),
        headerlist=[("Content-Type", CONTENT_TYPE_LATEST), ("Cache-Control", "no-store")],
    )


def child_exit(server: Any, worker: Any) -> None:
    """A hook of gunicorn: a worker has died."""
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid, folder)  # type: ignore[no-untyped-call]


def prepare_folder(folder: str) -> None:
    """Make it, and clear away what processes of an earlier start have left.

    The counters of a worker that dies later stay: a sum must not shrink.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for file in Path(folder).glob("*.db"):
            found = re.search(r"_([0-9]+)\.db$", file.name)
            if found and not _runs(int(found[1])):
                file.unlink(missing_ok=True)
    except OSError as err:
        raise SettingsError(f"PROMETHEUS_MULTIPROC_DIR = {folder!r}: {err.strerror}") from err


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        return True
    return True


def includeme(config: Any) -> None:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        prepare_folder(folder)
    config.registry["metrics"] = Metrics(folder)
    config.add_subscriber(count_replay, BeforeRetry)
    config.add_view(show, route_name="metrics", request_method="GET")
