"""Static files are sent compressed to who can read that; pages never (BREACH)."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyramid.request import Request

from tests.shops import close_shop, copy_sqlite, open_shop

FILES = ("/static/site.css", "/static/app.js", "/static/img/logo.svg")


@pytest.fixture(scope="module")
def shop(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    shop = open_shop("memory", copy_sqlite(seeded_file, tmp_path_factory.mktemp("static")))
    yield shop
    close_shop(shop)


def get(shop: Any, path: str, accept: str | None = "gzip", **headers: str) -> Any:
    """As it is sent: WebTest would undo what is tested."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if accept is not None:
        sent["Accept-Encoding"] = accept
    return Request.blank(path, headers=sent).get_response(shop)


@pytest.mark.parametrize("path", FILES)
def test_static_files_are_shorter_for_who_can_read_gzip(shop: Any, path: str) -> None:
    plain = get(shop, path, None)
    for accept in ("gzip", "br, gzip;q=0.5", "*"):
        short = get(shop, path, accept)
        assert short.headers["Content-Encoding"] == "gzip"
        assert int(short.headers["Content-Length"]) == len(short.body) < len(plain.body)
        assert gzip.decompress(short.body) == plain.body
        assert short.headers["Content-Type"] == plain.headers["Content-Type"]
        assert short.etag != plain.etag
    for accept in ("", "identity", "gzip;q=0", "br"):
        same = get(shop, path, accept)
        assert "Content-Encoding" not in same.headers
        assert (same.body, same.etag) == (plain.body, plain.etag)
    assert "Accept-Encoding" in plain.vary
    assert "Accept-Encoding" in short.vary


def test_each_form_is_validated_by_its_own_tag(shop: Any) -> None:
    plain, short = (get(shop, FILES[0], accept) for accept in ("identity", "gzip"))
    for accept, own, other in (("identity", plain, short), ("gzip", short, plain)):
        unchanged = get(shop, FILES[0], accept, If_None_Match=own.headers["ETag"])
        assert (unchanged.status_int, unchanged.body) == (304, b"")
        assert "Accept-Encoding" in unchanged.vary
        changed = get(shop, FILES[0], accept, If_None_Match=other.headers["ETag"])
        assert (changed.status_int, changed.body) == (200, own.body)
        since = get(shop, FILES[0], accept, If_Modified_Since=own.headers["Last-Modified"])
        assert since.status_int == 304


def test_a_range_is_of_the_form_that_is_sent(shop: Any) -> None:
    for accept in ("identity", "gzip"):
        whole = get(shop, FILES[0], accept)
        part = get(shop, FILES[0], accept, Range="bytes=100-199")
        assert part.status_int == 206
        assert part.body == whole.body[100:200]
        assert part.headers.get("Content-Encoding") == whole.headers.get("Content-Encoding")
        assert part.etag == whole.etag
        head = Request.blank(
            FILES[0], method="HEAD", headers={"Accept-Encoding": accept}
        ).get_response(shop)
        assert (head.body, head.etag) == (b"", whole.etag)
        assert head.headers["Content-Length"] == str(len(whole.body))
    other = get(shop, FILES[0], "identity", Range="bytes=100-199", If_Range=f'"{whole.etag}"')
    assert other.status_int == 200  # whoever has begun with gzip


def test_pages_are_never_compressed(shop: Any) -> None:
    for path in ("/", "/cart", "/session.json", "/none", "/static/none.css"):
        assert "Content-Encoding" not in get(shop, path).headers
