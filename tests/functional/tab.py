"""A browser whose cookies a test holds in its hand: answers arrive in any order, or never."""

from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any, Self

from pyramid.request import Request

from demoapp.shop.accounts import DEMO_PASSWORD

SESSION = "session"


def sent_cookies(answer: Any) -> dict[str, str | None]:
    """What the answer's Set-Cookie headers say; None where a cookie is taken back."""
    return {
        name: None if morsel["max-age"] == "0" else morsel.value
        for header in answer.headers.getall("Set-Cookie")
        for name, morsel in SimpleCookie(header).items()
    }


class Tab:
    """Sends with the cookies it has, from any thread; `take` is when the answers arrive."""

    def __init__(self, shop: Any, cookies: Mapping[str, str] | None = None) -> None:
        self.shop = shop
        self.cookies = dict(cookies or {})

    def copy(self) -> "Tab":
        """The same browser, before anything else arrives."""
        return Tab(self.shop, self.cookies)

    def ask(self, path: str, fields: Mapping[str, str] | None = None) -> Any:
        """Send, and leave the answer on its way."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookie} if cookie else {}
        return Request.blank(path, headers=headers, POST=fields).get_response(self.shop)

    def press(self, path: str, /, **fields: str) -> Any:
        """Send a form that was loaded with these cookies, and leave the answer on its way."""
        return self.ask(path, {"csrf_token": self.cookies["csrf"], **fields})

    def take(self, *answers: Any) -> Self:
        for answer in answers:
            for name, value in sent_cookies(answer).items():
                if value is None:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = value
        return self

    def get(self, path: str) -> Any:
        answer = self.ask(path)
        self.take(answer)
        return answer

    def post(self, path: str, /, **fields: str) -> Any:
        if "csrf" not in self.cookies:
            self.get("/cart")
        answer = self.press(path, **fields)
        self.take(answer)
        return answer

    def log_in(self, username: str = "demo", password: str = DEMO_PASSWORD) -> Any:
        return self.post("/login", username=username, password=password)

    def state(self) -> Any:
        return self.get("/session.json").json

    @property
    def user(self) -> str | None:
        user: str | None = self.state()["user"]
        return user

    @property
    def cart(self) -> dict[str, int]:
        return {line["sku"]: line["quantity"] for line in self.state()["cart"]["lines"]}
