"""Requests under names that are not the shop's (H4)."""

from collections.abc import Callable
from typing import Any

import pytest
from pyramid.request import Request


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
        ("tea.example.org.", 400),
        ("", 400),
    ],
)
def test_only_names_of_the_list_are_answered_H4(
    start_shop: Callable[..., Any], host: str, status: int
) -> None:
    shop = start_shop("memory", **{"demo.hosts": "tea.example.org [::1]"})
    for path in ("/", "/nowhere", "/static/site.css", "/healthz"):
        answer = Request.blank(path, headers={"Host": host}).get_response(shop)
        assert answer.status_int == (404 if (status, path) == (200, "/nowhere") else status)
        text = answer.text  # read, so that a file is closed
        assert status == 200 or not host or host not in text
        assert "Content-Security-Policy" in answer.headers


def test_without_a_list_any_name_will_do(start_shop: Callable[..., Any]) -> None:
    request = Request.blank("/", headers={"Host": "evil.example"})
    assert request.get_response(start_shop("memory")).status_int == 200
