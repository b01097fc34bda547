"""/docs: what there is to read, and a page of it."""

from itertools import groupby
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import FileResponse
from pyramid.view import view_config

from demoapp.i18n import _
from demoapp.lessons.docs.markdown import page
from demoapp.lessons.docs.shelf import DOCS, INDEX, Entry, shelf

PARTS = {
    1: _("Tutorial"),
    2: _("To look up"),
    3: _("How to"),
    4: _("For a lesson"),
    5: _("Running it"),
}
"""The parts of the course, by the first digit of a page's order."""
HOUR = 3600


@view_config(route_name="docs", request_method="GET", renderer="demoapp:templates/docs.pt")
def docs(request: Any) -> dict[str, Any]:
    pages = shelf(request.locale_name)
    index = pages.pop(INDEX)
    return {
        "doc": page(index.file, request.script_name),
        "parts": [(PARTS[n], list(entries)) for n, entries in groupby(pages.values(), part_of)],
    }


@view_config(route_name="doc", request_method="GET", renderer="demoapp:templates/doc.pt")
def doc(request: Any) -> dict[str, Any]:
    pages = shelf(request.locale_name)
    del pages[INDEX]  # has an address of its own
    entry = pages.get(request.matchdict["page"])
    if entry is None:
        raise HTTPNotFound(_("There is no such page in the course."))
    entries = [None, *pages.values(), None]
    here = entries.index(entry)
    return {
        "doc": page(entry.file, request.script_name),
        "part": PARTS[part_of(entry)],
        "before": entries[here - 1],
        "after": entries[here + 1],
    }


def part_of(entry: Entry) -> int:
    return entry.order // 100


@view_config(route_name="doc_picture", request_method="GET")
def picture(request: Any) -> Any:
    pictures = {file.name: file for file in (DOCS / "img").iterdir()}
    if request.matchdict["name"] not in pictures:
        raise HTTPNotFound(_("There is no such picture in the course."))
    file = pictures[request.matchdict["name"]]
    return FileResponse(str(file), request, cache_max_age=HOUR)
