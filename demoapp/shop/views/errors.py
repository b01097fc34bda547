"""Every error becomes a page that says what to do next, in its own status."""

import logging
from typing import Any
from urllib.parse import urlsplit

from pyramid.csrf import BadCSRFToken
from pyramid.httpexceptions import HTTPException
from pyramid.i18n import TranslationString
from pyramid.view import exception_view_config, notfound_view_config
from pyramid_retry import is_error_retryable, mark_error_retryable
from sqlalchemy.exc import IntegrityError, InternalError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from transaction.interfaces import TransientError

from demoapp.db.postgresql import NotReady
from demoapp.db.ready import said_of
from demoapp.front.hosts import is_same_site
from demoapp.i18n import _
from demoapp.sessions.database.errors import is_conflict, is_missing
from demoapp.sessions.interfaces import SessionEnded, SessionStoreUnavailable, SessionTooLarge
from demoapp.shop.forms import local

log = logging.getLogger(__name__)
BUSY = (TransientError, OperationalError, PoolTimeout, InternalError, PendingRollbackError)
"""The last two come after an error that somebody has caught: the transaction is of no use then."""
WAIT = 5
"""Seconds after which what was unavailable may be there again."""
TEMPLATE = "demoapp:templates/error.pt"


def page(
    request: Any, status: int, title: str, message: Any, again: str | None = None
) -> dict[str, Any]:
    """`again` is the page to ask for once more, where that may help."""
    request.response.status_int = status
    told = {"title": title, "message": message}
    return {"status": status, "again": again, "wait": None, "stale": False, **told}


@notfound_view_config(renderer=TEMPLATE)
def not_found(error: Any, request: Any) -> dict[str, Any]:
    told = error.detail
    if not isinstance(told, TranslationString):  # of an address without a route it is the path
        told = _("There is nothing at this address.")
    return page(request, 404, _("Not found"), told)


@exception_view_config(HTTPException, renderer=TEMPLATE)
def http_error(error: Any, request: Any) -> Any:
    if error.code < 400:
        return error
    told = error.detail or _("The request could not be understood. Go back and try again.")
    if wait := error.headers.get("Retry-After"):
        request.response.headers["Retry-After"] = wait
    form = shown(request) if request.method == "POST" else None
    return page(request, error.code, _("That did not work"), told, again=form)


@exception_view_config(BadCSRFToken, renderer=TEMPLATE)
def stale_form(error: Any, request: Any) -> dict[str, Any]:
    told = _(
        "You have logged in or out since this form was loaded, perhaps in another tab; or your "
        "browser keeps no cookies. Nothing was changed."
    )
    return out_of_date(request, 400, _("This form is out of date"), told)


@exception_view_config(SessionStoreUnavailable, renderer=TEMPLATE)
def store_down(error: Any, request: Any) -> dict[str, Any]:
    log.error("session store unavailable: %s", error)
    told = _("Carts and logins are unavailable just now. You can still look around the shop.")
    return come_back(request, told)


@exception_view_config(NotReady, renderer=TEMPLATE)
def not_ready(error: Any, request: Any) -> dict[str, Any]:
    return set_up(request, str(error))


def set_up(request: Any, what_to_do: str) -> dict[str, Any]:
    log.error("%s", what_to_do)
    return come_back(request, _("The shop is being set up. Please come back in a few minutes."))


def come_back(request: Any, told: str) -> dict[str, Any]:
    request.response.headers["Retry-After"] = str(WAIT)
    answer = page(request, 503, _("One moment, please"), told, again=shown(request))
    return {**answer, "wait": WAIT}


@exception_view_config(SessionEnded, renderer=TEMPLATE)
def session_ended(error: Any, request: Any) -> dict[str, Any]:
    """The browser has a newer cookie by now, so this answer sets none."""
    told = _("You have just logged in or out, perhaps in another tab. Nothing has changed here.")
    return out_of_date(request, 409, _("Please reload the page"), told)


def out_of_date(request: Any, status: int, title: str, told: Any) -> dict[str, Any]:
    return {**page(request, status, title, told, again=shown(request)), "stale": True}


def shown(request: Any) -> str:
    """The page that the visitor sees: of a form, the one it is on."""
    if request.method in ("GET", "HEAD"):
        return local(request, request.path_qs)
    referer = request.referer or ""
    if not is_same_site(request, referer):
        return local(request, "")
    return local(request, urlsplit(referer)._replace(scheme="", netloc="", fragment="").geturl())


@exception_view_config(SessionTooLarge, renderer=TEMPLATE)
def too_large(error: Any, request: Any) -> dict[str, Any]:
    told = _("That is more than this cart can hold, so it has been left as it was.")
    return page(request, 413, _("Too much for one session"), told)


@exception_view_config(Exception, renderer=TEMPLATE)
def server_error(error: Any, request: Any) -> dict[str, Any]:
    # a row that another request was faster to insert: the replay will find it
    if is_conflict(error) or isinstance(error, StaleDataError | IntegrityError):
        mark_error_retryable(error)
    if is_error_retryable(request, error):
        raise error  # nobody will see this answer: the request is replayed
    if is_missing(getattr(error, "orig", None)):  # SQLite's file
        return set_up(request, said_of(error, request.registry))
    if isinstance(error, BUSY) or is_conflict(error):
        log.error("database unavailable or too busy: %s", error)
        return come_back(request, _("The shop is very busy just now. Nothing was left half done."))
    log.error("unhandled error", exc_info=error)
    sorry = _("The fault is ours. Please try again.")
    return page(request, 500, _("That did not work"), sorry, again=shown(request))
