"""Requests that no browser sends are answered with 400 before a view reads them.

Broken UTF-8 in the path, the query or a cookie, a multipart form without a boundary, an
unknown charset, a file where the shop has no field for one: WebOb finds these when the value
is first asked for, deep in some view. So everything is asked for once, here, where there is
one answer to it.
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
        if 0 <= length <= MAX_BODY and _is_text(request):
            return
    # a UnicodeError is a ValueError; WebOb raises the warning itself for a charset it cannot read
    except (ValueError, LookupError, TypeError, DeprecationWarning):
        length = 0
    # the error page must not stumble over the same bytes
    request.environ.update(PATH_INFO="/", QUERY_STRING="", HTTP_COOKIE="", CONTENT_LENGTH="0")
    if length > MAX_BODY:
        raise HTTPRequestEntityTooLarge(_("That is more than our forms can take."))
    raise HTTPBadRequest(_("The request holds broken characters. Go back and try again."))


def _is_text(request: Any) -> bool:
    """Read all of it; raises what WebOb raises for bytes that it cannot read."""
    texts = [request.path_info, *request.cookies.values()]
    for fields in (request.GET, request.POST):
        for name, value in fields.items():
            texts += [name, value]
    # U+FFFD is what a decoder puts in the place of bytes that are no characters
    return all(isinstance(text, str) and not {"\0", "\ufffd"} & set(text) for text in texts)


def includeme(config: Any) -> None:
    config.add_subscriber(refuse_malformed, NewRequest)
