"""Requests under names that are not the shop's (H4)."""

from collections.abc import Callable
from typing import Any

import pytest
from pyramid.request import Request

from demoapp.front.hosts import is_same_site, names_in
from demoapp.sessions.ini import SettingsError


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("tea.example.org", 200),
        ("TEA.example.org:8443", 200),
        ("[::1]:80", 200),
        ("evil.example", 400),
        ("tea.example.org.evil.example", 400),
        ("tea.example.org@evil.example", 400),
        ("evil.example:tea.example.org", 400),
        ("tea.example.org.", 200),
        ("Tea.Example.ORG.:443", 200),
        ("tea.example.org..", 400),
        ("tea.example.org:80:80", 400),
        ("", 400),
    ],
)
def test_only_names_of_the_list_are_answered_H4(
    start_shop: Callable[..., Any], host: str, status: int
) -> None:
    shop = start_shop("memory", **{"demo.hosts": "Tea.example.org [::1]"})
    for path in ("/", "/nowhere", "/static/site.css", "/healthz"):
        answer = Request.blank(path, headers={"Host": host}).get_response(shop)
        assert answer.status_int == (404 if (status, path) == (200, "/nowhere") else status)
        text = answer.text  # read, so that a file is closed
        assert status == 200 or not host or host not in text
        assert "Content-Security-Policy" in answer.headers


def test_names_are_listed_with_commas_and_in_hangul_as_well_H4() -> None:
    listed = {"demo.hosts": "a.example.org, B.example.org:443\n찻집.kr,[::1]"}
    assert names_in(listed) == ["a.example.org", "b.example.org", "xn--rc6b57b.kr", "[::1]"]


@pytest.mark.parametrize(
    "wrong", ["https://shop.example.org", "shop.example.org/tea", "*", "::1", "a..b.찻집"]
)
def test_what_no_host_can_be_stops_the_start_H4(wrong: str) -> None:
    """Or every visitor would be refused, and nobody told why."""
    with pytest.raises(SettingsError, match=r"is not a name, such as shop\.example\.org"):
        names_in({"demo.hosts": f"a.example.org {wrong}"})


def test_without_a_list_any_name_will_do(start_shop: Callable[..., Any]) -> None:
    request = Request.blank("/", headers={"Host": "evil.example"})
    assert request.get_response(start_shop("memory")).status_int == 200


@pytest.mark.parametrize(
    ("url", "host", "origin", "ours"),
    [
        ("http://x", "shop", "http://shop", True),
        ("http://x", "shop:80", "http://shop", True),
        ("http://x", "shop", "http://shop:80", True),
        ("http://x", "SHOP", "http://shop", True),
        ("http://x", "shop.", "http://shop", True),
        ("http://x", "shop.", "http://shop.", True),
        ("http://x", "[::1]:80", "http://[::1]", True),
        ("https://x", "Shop.:443", "https://shop", True),
        ("http://x", "shop:8080", "http://shop:8080", True),
        # the visitor uses https, and the proxy does not say so
        ("http://x", "shop", "https://shop", True),
        ("http://x", "shop:443", "https://shop", True),
        ("http://x", "shop", "http://shop:8080", False),
        ("http://x", "shop:8080", "http://shop", False),
        ("http://x", "shop:443", "http://shop", False),
        ("https://x", "shop", "http://shop", False),
        ("https://x", "shop:80", "https://shop", False),
        ("http://x", "shop", "http://shop..", False),
        ("http://x", "shop", "http://shop.evil.example", False),
        ("http://x", "shop", "http://shop@evil.example", False),
        ("http://x", "shop", "http://evil.example:shop", False),
        ("http://x", "shop", "http://", False),
        ("http://x", "shop", "ftp://shop", False),
        ("http://x", "shop", "http://[shop", False),
        ("http://x", "shop", "null", False),
        ("http://x", "shop", "", False),
    ],
)
def test_origins_compare_as_a_browser_means_them_P2(
    url: str, host: str, origin: str, ours: bool
) -> None:
    request = Request.blank("/", base_url=url, headers={"Host": host})
    assert is_same_site(request, origin) == ours
