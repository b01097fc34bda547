"""Where a form or a link leads to."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

ELSEWHERE = ("https://evil.example/", "//evil.example", "/\\evil.example", "evil", "javascript:x")


def goal(answer: Any) -> str:
    """Path, query and fragment."""
    assert answer.status_int == 303, answer.text
    return str(urlsplit(answer.location)._replace(scheme="", netloc="").geturl())


def asked(page: Any, link: str) -> str | None:
    """The `next` in the address of a link."""
    href = page.html.find("a", string=link)["href"]
    found: list[str] = parse_qs(urlsplit(href).query).get("next", [])
    return found[0] if found else None
