"""What plays a browser keeps cookies as one does."""

import pytest

from demoapp.lessons.jar import keep


def test_a_cookie_comes_changes_and_goes() -> None:
    cookies: dict[str, str] = {}
    keep(cookies, "session=one; Path=/; HttpOnly")
    keep(cookies, "__Host-csrf=token; Secure")
    assert cookies == {"session": "one", "__Host-csrf": "token"}
    keep(cookies, "session=two; Max-Age=1200")
    assert cookies["session"] == "two"
    keep(cookies, "session=; Max-Age=0; expires=Wed, 31-Dec-97 23:59:59 GMT")
    keep(cookies, "session=; Max-Age=0")  # once more is no error
    assert cookies == {"__Host-csrf": "token"}


@pytest.mark.parametrize("header", ["", "HttpOnly", "sess ion=one", "ses;sion", "ses/sion=one"])
def test_what_is_no_cookie_changes_nothing(header: str) -> None:
    cookies = {"session": "one"}
    keep(cookies, header)
    assert cookies == {"session": "one"}
