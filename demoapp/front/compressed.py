"""Style sheets, scripts and drawings are sent compressed to who can read that.

Pages are not: they hold the CSRF token, and their length would help to guess it (BREACH). Static
files hold no secret. Each is compressed once in a process; the files are as they are in the
repository, and nothing has to be built when one changes.
"""

import gzip
from functools import lru_cache
from hashlib import sha256
from typing import Any

from pyramid.response import FileResponse
from pyramid.static import static_view

TYPES = frozenset(("text/css", "text/javascript", "application/javascript", "image/svg+xml"))
"""What gets shorter by it; PNG is compressed already."""


def compressed(view: Any, info: Any) -> Any:
    """A view deriver: for static files, and for views that say `compressed=True`.

    Each form has an ETag of its own, so that no cache puts a part of one into the other. The
    answers 304 and 206 are WebOb's; it comes after this and knows the form that was chosen.
    """
    if not (info.options.get("compressed") or isinstance(info.original_view, static_view)):
        return view

    def chosen(context: Any, request: Any) -> Any:
        response = view(context, request)
        if isinstance(response, FileResponse) and response.content_type in TYPES:
            choose(request, response)
        return response

    return chosen


compressed.options = ("compressed",)  # type: ignore[attr-defined]


def choose(request: Any, response: Any) -> None:
    plain = b"".join(response.app_iter)
    response.app_iter.close()
    etag, short = forms(plain)
    response.vary = [*(response.vary or ()), "Accept-Encoding"]
    if reads_gzip(request):
        etag, plain = f"{etag}-gzip", short
        response.content_encoding = "gzip"
    response.etag, response.app_iter, response.content_length = etag, [plain], len(plain)
    response.expires = None  # in Cache-Control, too, which goes before it (RFC 9111, 5.3)


def reads_gzip(request: Any) -> bool:
    """Whether the browser says so; one that says nothing gets the file as it is."""
    accepted = request.accept_encoding
    return bool(accepted and accepted.acceptable_offers(["gzip"]))


@lru_cache(maxsize=256)
def forms(plain: bytes) -> tuple[str, bytes]:
    """An ETag, and the file compressed."""
    return sha256(plain).hexdigest()[:16], gzip.compress(plain, mtime=0)


def includeme(config: Any) -> None:
    config.add_view_deriver(compressed)
