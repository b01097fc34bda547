"""Logs that a machine can read, and a number by which the lines of one request are found.

A line for each request goes to the logger `demoapp.access`: method, name of the route, status,
milliseconds, strategy. Neither the path nor the query, which may hold what a visitor typed; never
a cookie, an id of a session, a token or a form field.
"""

import contextvars
import json
import logging
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from demoapp.front.metrics import METHODS
from demoapp.settings import tell_pserve

access = logging.getLogger("demoapp.access")

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
NONE = "-"

tell_pserve()  # here, as the formatter below is what pserve loads first

current_id = contextvars.ContextVar("request_id", default=NONE)
"""The number of the request that this thread is answering."""


class TextFormatter(logging.Formatter):
    """Logging's own formatter; its format may name %(request_id)s."""

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = current_id.get()
        return super().format(record)


class JsonFormatter(logging.Formatter):
    """One JSON object a line (JSON Lines); `class =` this in the ini."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": current_id.get(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def request_id(request: Any) -> str:
    """The proxy's, if it could be one; the same for every attempt of a replayed request."""
    kept: str | None = request.environ.get("demoapp.request_id")
    if kept is None:
        given = request.environ.get("HTTP_X_REQUEST_ID", "")
        kept = given if WELL_FORMED.fullmatch(given) else secrets.token_hex(8)
        request.environ["demoapp.request_id"] = kept
        request.environ["demoapp.begun"] = time.perf_counter()
    return kept


def tween_factory(handler: Any, registry: Any) -> Any:
    """Outermost, so that it sees what the others have made of the answer."""
    strategy = registry.settings["session.strategy"]

    def tween(request: Any) -> Any:
        answers: list[Any] = []

        def finished(request: Any) -> None:
            """After every tween and callback: to save the session may have led to a warning."""
            for response in answers:  # none of an attempt that is to be replayed: it raises
                log_access(request, response.status_int, strategy)
            current_id.set(NONE)

        number = request_id(request)
        current_id.set(number)
        request.add_finished_callback(finished)
        answers.append(handler(request))
        answers[0].headers[HEADER] = number
        return answers[0]

    return tween


def log_access(request: Any, status: int, strategy: str) -> None:
    method = request.method if request.method in METHODS else "other"
    fields = {
        "method": method,
        "route": getattr(request.matched_route, "name", None) or NONE,
        "status": status,
        "ms": round((time.perf_counter() - request.environ["demoapp.begun"]) * 1000, 1),
        "strategy": strategy,
        "attempts": request.environ.get("retry.attempt", 0) + 1,
    }
    text = "%(method)s %(route)s %(status)s %(ms)s ms, %(strategy)s, attempt %(attempts)s"
    access.info(text, fields, extra={"fields": fields})
