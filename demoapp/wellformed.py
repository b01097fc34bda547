"""Requests that no browser sends are answered with 400 before a view reads them.

Broken UTF-8 in the path, the query or a cookie, a multipart form without a boundary, an
unknown charset: WebOb finds these when the value is first asked for, deep in some view.
So everything is asked for once, here, where there is one answer to it.
"""

from typing import Any

from pyramid.events import NewRequest
from pyramid.httpexceptions import HTTPBadRequest, HTTPRequestEntityTooLarge

from demoapp.i18n import _

MAX_BODY = 65536
"""Bytes of a form; the longest the shop has takes less than 4 KB."""


def refuse_malformed(event: Any) -> None:
    request = event.request
    try:
        length = request.content_length or 0
        broken = not all(_readable(request, part) for part in ("path_info", "GET", "cookies"))
        if length > MAX_BODY:
            raise HTTPRequestEntityTooLarge(_("That is more than a form of ours can hold."))
        broken = broken or not _readable(request, "POST")
    except ValueError:  # a Content-Length that is no number
        request.environ["CONTENT_LENGTH"] = "0"
        broken = True
    if broken:
        _forget(request)
        raise HTTPBadRequest(_("The request holds broken characters. Go back and try again."))


def _readable(request: Any, part: str) -> bool:
    try:
        value = getattr(request, part)
        if part != "path_info":
            "".join(str(name) for name in value)
    except (ValueError, LookupError, TypeError):
        return False
    return "\0" not in request.environ.get("PATH_INFO", "")


def _forget(request: Any) -> None:
    """The error page must not stumble over the same bytes."""
    request.environ.update(PATH_INFO="/", QUERY_STRING="", HTTP_COOKIE="")


def includeme(config: Any) -> None:
    config.add_subscriber(refuse_malformed, NewRequest)
