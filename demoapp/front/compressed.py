"""Style sheets, scripts and drawings are sent compressed to who can read that.

Pages are not: they hold the CSRF token, and their length would help to guess it (BREACH). Static
files hold no secret. Each is compressed once in a process; the files are as they are in the
repository, and nothing has to be built when one changes.
"""

import gzip
from functools import lru_cache
from hashlib import sha256
from typing import Any

from pyramid.events import NewResponse
from pyramid.response import FileResponse

TYPES = frozenset(("text/css", "text/javascript", "application/javascript", "image/svg+xml"))
"""What gets shorter by it; PNG is compressed already."""


def choose(event: Any) -> None:
    """The form of a file that the browser may have.

    Each form has an ETag of its own, so that no cache puts a part of one into the other. The
    answers 304 and 206 are WebOb's; it comes after this and knows the form that was chosen.
    """
    request, response = event.request, event.response
    if not isinstance(response, FileResponse) or response.content_type not in TYPES:
        return
    plain = b"".join(response.app_iter)
    response.app_iter.close()
    etag, short = forms(plain)
    response.vary = [*(response.vary or ()), "Accept-Encoding"]
    if reads_gzip(request):
        etag, plain = f"{etag}-gzip", short
        response.content_encoding = "gzip"
    response.etag, response.app_iter, response.content_length = etag, [plain], len(plain)


def reads_gzip(request: Any) -> bool:
    """Whether the browser says so; one that says nothing gets the file as it is."""
    accepted = request.accept_encoding
    return bool(accepted and accepted.acceptable_offers(["gzip"]))


@lru_cache(maxsize=256)
def forms(plain: bytes) -> tuple[str, bytes]:
    """An ETag, and the file compressed."""
    return sha256(plain).hexdigest()[:16], gzip.compress(plain, mtime=0)


def includeme(config: Any) -> None:
    config.add_subscriber(choose, NewResponse)
