"""Figures for Prometheus at /metrics: requests by route, method and status, and their time."""

import time
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client import generate_latest as exposition
from pyramid.response import Response
from pyramid.tweens import EXCVIEW


class RequestMetrics:
    """One registry an application, so that two in one process count apart."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self.requests = Counter("shop_requests", "Answers sent", labels, registry=self.registry)
        self.seconds = Histogram(
            "shop_request_seconds", "Time to answer", ("route",), registry=self.registry
        )


METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def tween_factory(handler: Any, registry: Any) -> Any:
    metrics: RequestMetrics = registry["metrics"]

    def tween(request: Any) -> Any:
        begun = time.perf_counter()
        response = handler(request)
        # names of routes only: a label for every address a visitor makes up would fill memory
        route = getattr(request.matched_route, "name", None) or "none"
        method = request.method if request.method in METHODS else "other"
        metrics.requests.labels(route, method, response.status_int).inc()
        metrics.seconds.labels(route).observe(time.perf_counter() - begun)
        return response

    return tween


def show(request: Any) -> Response:
    return Response(
        exposition(request.registry["metrics"].registry),
        headerlist=[("Content-Type", CONTENT_TYPE_LATEST), ("Cache-Control", "no-store")],
    )


def includeme(config: Any) -> None:
    config.registry["metrics"] = RequestMetrics()
    config.add_tween("demoapp.metrics.tween_factory", over=EXCVIEW)
    config.add_route("metrics", "/metrics")
    config.add_view(show, route_name="metrics", request_method="GET")
