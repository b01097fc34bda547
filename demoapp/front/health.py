"""For load balancers: the process is up; its stores can be reached."""

import logging
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from demoapp.sessions.interfaces import ISessionStore, SessionStoreUnavailable

log = logging.getLogger(__name__)


@view_config(route_name="healthz", request_method="GET")
def healthz(request: Any) -> Response:
    return Response("ok\n", content_type="text/plain", charset="utf-8")


@view_config(route_name="readyz", request_method="GET", renderer="json")
def readyz(request: Any) -> dict[str, Any]:
    """503 while the database or the session store cannot be reached, and which it is."""
    failing = []
    try:
        request.dbsession.execute(text("SELECT 1"))
    except SQLAlchemyError as err:
        log.error("the database cannot be reached: %s", err)
        failing.append("database")
    try:
        if store := request.registry.queryUtility(ISessionStore):
            store.ping(request)
    except SessionStoreUnavailable as err:
        log.error("the session store cannot be reached: %s", err)
        failing.append("session store")
    request.response.headers["Cache-Control"] = "no-store"
    if failing:
        request.response.status_int = 503
        request.response.headers["Retry-After"] = "5"
    return {"status": "not ready" if failing else "ready", "failing": failing}
