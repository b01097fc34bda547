"""For load balancers: the process is up; its stores can be reached."""

import logging
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy.exc import SQLAlchemyError

from demoapp.db import ready
from demoapp.db.postgresql import NotReady
from demoapp.sessions.interfaces import ISessionStore, SessionStoreUnavailable

log = logging.getLogger(__name__)


@view_config(route_name="healthz", request_method="GET")
def healthz(request: Any) -> Response:
    return Response("ok\n", content_type="text/plain", charset="utf-8")


@view_config(route_name="readyz", request_method="GET", renderer="json")
def readyz(request: Any) -> dict[str, Any]:
    """503 while the database is not migrated, or it or the session store cannot be reached."""
    failing = []
    try:
        ready.check(request.dbsession.connection(), request.registry)
    except NotReady as err:
        log.error("%s", err)
        failing.append("database")
    except SQLAlchemyError as err:
        log.error("%s", ready.said_of(err, request.registry))
        failing.append("database")
    try:
        if store := request.registry.queryUtility(ISessionStore):
            store.ping(request)
    except (NotReady, SessionStoreUnavailable) as err:
        log.error("the session store cannot be reached: %s", err)
        failing.append("session store")
    request.response.headers["Cache-Control"] = "no-store"
    if failing:
        request.response.status_int = 503
        request.response.headers["Retry-After"] = "5"
    return {"status": "not ready" if failing else "ready", "failing": failing}
