"""/docs: the course as the shop serves it."""

from collections.abc import Callable
from typing import Any

import pytest

from demoapp.lessons.docs.markdown import page
from demoapp.lessons.docs.shelf import INDEX, shelf
from tests.shops import Visitor

LOCALES = ("en", "ko")


@pytest.fixture
def visitor(start_shop: Callable[..., Any]) -> Visitor:
    return Visitor(start_shop("memory"))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_page_in_the_visitors_language(visitor: Visitor, locale: str) -> None:
    visitor.set_cookie("locale", locale)
    pages = [entry for name, entry in shelf(locale).items() if name != INDEX]
    listed = visitor.get("/docs").html.main.select(".doc-part a")
    assert [link["href"] for link in listed] == [f"/docs/{entry.name}" for entry in pages]
    for entry in pages:
        answer = visitor.get(f"/docs/{entry.name}")
        assert answer.status_int == 200
        assert answer.html.html["lang"] == locale
        assert [h1.get_text() for h1 in answer.html.find_all("h1")] == [page(entry.file, "").title]
        assert "style=" not in str(answer.html.main)
    assert "session" not in visitor.cookies  # who only reads begins none


def test_one_can_turn_the_pages(visitor: Visitor) -> None:
    names = [name for name in shelf("en") if name != INDEX]
    walked: list[str] = []
    here: str | None = f"/docs/{names[0]}"
    while here:
        walked.append(here)
        html = visitor.get(here).html
        back, on = html.select_one("[rel=prev]"), html.select_one("[rel=next]")
        assert (back["href"] if back else None) == (walked[-2] if len(walked) > 1 else None)
        here = on["href"] if on else None
    assert walked == [f"/docs/{name}" for name in names]


def test_the_contents_lead_to_headings(visitor: Visitor) -> None:
    for locale in LOCALES:
        visitor.set_cookie("locale", locale)
        html = visitor.get("/docs/elsewhere").html
        ids = [link["href"][1:] for link in html.select(".doc-contents a")]
        assert ids == [heading["id"] for heading in html.select(".doc-text h2")]
        assert len(ids) == len(set(ids)) > 10


def test_every_link_leads_somewhere(visitor: Visitor) -> None:
    """Those of the course; the labs and pages of the shop are asked for, too."""
    links: set[str] = set()
    for locale in LOCALES:
        visitor.set_cookie("locale", locale)
        for name in shelf(locale):
            html = visitor.get("/docs" if name == INDEX else f"/docs/{name}").html
            links |= {a["href"] for a in html.select("main a, main img") if a.get("href")}
    inside = {link.partition("#")[0] for link in links if link.startswith("/")}
    assert len(inside) > 10
    assert [link for link in inside if visitor.get(link).status_int != 200] == []


@pytest.mark.parametrize(
    "name",
    ["nothing", "index", "..", "..%2fconf", "%2e%2e%2fen%2fsettings", "settings.md", "en"],
)
def test_what_is_no_page_is_not_found(visitor: Visitor, name: str) -> None:
    assert visitor.get(f"/docs/{name}").status_int == 404
    assert visitor.get(f"/docs/img/{name}").status_int == 404


def test_a_picture(visitor: Visitor) -> None:
    assert visitor.get("/docs/img/shop.png").content_type == "image/png"


def test_it_is_one_click_away_above_the_foot_of_a_page(visitor: Visitor) -> None:
    for path in ("/", "/labs", "/cart", "/docs/01-twenty-lines"):
        assert visitor.get(path).html.find("header").find("a", href="/docs"), path
    for path in ("/", "/labs"):
        assert visitor.get(path).html.main.find("a", href="/docs"), path
