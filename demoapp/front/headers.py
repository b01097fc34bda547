"""Headers of every answer, errors and static files included.

They come last, when it is known whether the answer depends on the session or on the language.
"""

from typing import Any

from pyramid.events import NewResponse

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""ASVS 3.4."""
OF_A_FILE = "default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
"""The policy of what is no page: it loads nothing, even if somebody opens it by itself."""


def complete(event: Any) -> None:
    """NewResponse comes after every tween and every callback that sets a cookie."""
    request, response = event.request, event.response
    asked = request.__dict__  # where Pyramid's reify puts what somebody has asked for
    response.headers.update(HEADERS)
    if response.content_type != "text/html":
        response.headers["Content-Security-Policy"] = OF_A_FILE
    if request.scheme == "https":
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    vary = set(response.vary or ())
    if "session" in asked or "Set-Cookie" in response.headers:
        response.headers["Cache-Control"] = "no-store"  # for one visitor (ASVS 14.3.2)
        vary.add("Cookie")
    if "locale_name" in asked:  # RFC 9110, 12.5.5
        vary |= {"Accept-Language", "Cookie"}
        if response.content_type == "text/html":
            response.content_language = [request.locale_name]
    if vary:
        response.vary = sorted(vary)


def includeme(config: Any) -> None:
    config.add_subscriber(complete, NewResponse)
