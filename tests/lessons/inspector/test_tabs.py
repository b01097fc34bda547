"""Which of the visitor's tabs has sent a request."""

from demoapp.lessons.inspector.journal import Trail
from demoapp.lessons.inspector.tabs import tabs
from tests.lessons.inspector.reading import StartShop, steps
from tests.shops import Visitor


def seen(*trails: tuple[str, str | None, str | None, str]) -> list[int]:
    """The tabs of requests, one after the other: here, came from, leads to, mark."""
    return tabs(
        Trail(*trail, opens=True, begun=float(n), ended=n + 0.5) for n, trail in enumerate(trails)
    )


def test_links_lead_from_page_to_page_of_a_tab() -> None:
    assert seen(
        ("/a", None, None, ""),
        ("/b", "/a", None, ""),
        ("/c", "/a", None, ""),  # was opened in a tab of its own: the first shows b
        ("/d", "/b", None, ""),
        ("/e", "/c", None, ""),
        ("/typed", None, None, ""),  # nobody knows where
    ) == [1, 1, 2, 1, 2, 2]


def test_two_tabs_on_one_page_are_told_apart_by_their_forms() -> None:
    assert seen(
        ("/add", "/a", "/cart", "one"),
        ("/cart", "/a", None, ""),
        ("/add", "/b", "/cart", "two"),
        ("/cart", "/b", None, ""),
        ("/item", "/cart", "/cart", "one"),
        ("/cart", "/cart", None, ""),
        ("/item", "/cart", "/cart", "two"),
        ("/cart", "/cart", None, ""),
    ) == [1, 1, 2, 2, 1, 1, 2, 2]


def test_who_goes_back_is_no_other_tab() -> None:
    assert seen(
        ("/add", "/a", "/cart", "one"),
        ("/cart", "/a", None, ""),
        ("/c", "/cart", None, ""),
        ("/d", "/cart", None, ""),
    ) == [1, 1, 1, 1]


def test_a_form_tells_where_the_address_of_its_page_was_typed() -> None:
    assert seen(
        ("/add", "/a", "/cart", "one"),
        ("/add", "/b", "/cart", "two"),
        ("/new", None, None, ""),
        ("/add", "/new", "/cart", "one"),
    ) == [1, 2, 1, 1]


def test_requests_of_a_script_may_overlap_in_one_tab() -> None:
    both = [
        Trail("/x", "/a", None, "", opens=opens, begun=1.0, ended=9.0)
        for opens in (False, False, True)
    ]
    assert tabs(both[:2]) == [1, 1]
    assert tabs([both[2], both[2]]) == [1, 2]


def test_a_referer_that_is_none_of_ours_counts_as_none(start_shop: StartShop) -> None:
    visitor = Visitor(start_shop("memory"))
    visitor.send("/cart/items", sku="ujeon")
    for referer in ("http://[", "http://evil.example/cart", "\u00ff", "http://localhost/cart"):
        assert visitor.get("/cart", headers={"Referer": referer}).status_int == 200
    assert len(steps(visitor)) == 5
