"""What a field takes, what is said when it does not, and that nothing is lost by it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.shops import Visitor


def korean(shop: Any) -> Visitor:
    visitor = Visitor(shop)
    visitor.set_cookie("locale", "ko")
    return visitor


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        (
            "/login",
            {},
            {"username": "이 항목을 입력해 주세요.", "password": "이 항목을 입력해 주세요."},
        ),
        (
            "/login",
            {"username": "x" * 41, "password": "y" * 1025},
            {
                "username": "40자 이하로 입력해 주세요.",
                "password": "1024자 이하로 입력해 주세요.",
            },
        ),
        (
            "/register",
            {"username": "a b", "password": "short"},
            {
                "username": "글자, 숫자, 점(.), 붙임표(-), 밑줄(_)로 2~40자를 입력해 주세요.",
                "password": "8~1,024자로 입력해 주세요.",
            },
        ),
    ],
)
def test_form_errors_are_in_korean_and_tied_to_their_fields(
    memory: Any, path: str, fields: dict[str, str], expected: dict[str, str]
) -> None:
    answer = korean(memory).send(path, **fields)
    assert answer.status_int == 400
    for name, text in expected.items():
        field = answer.html.find("input", {"name": name})
        assert field["aria-invalid"] == "true"
        assert answer.html.find(id=field["aria-describedby"]).text.strip() == text
    kept = answer.html.find("input", {"name": "username"}).get("value", "")
    assert kept == fields.get("username", "")


def test_fields_tell_the_browser_what_they_take(memory: Any) -> None:
    visitor = korean(memory)
    page = visitor.get("/register").html
    assert page.find("label", {"for": "username"}).text == "아이디"
    username, password = (page.find("input", {"name": n}) for n in ("username", "password"))
    assert (username["minlength"], username["maxlength"]) == ("2", "40")
    assert (password["minlength"], password["maxlength"]) == ("8", "1024")
    assert username.has_attr("required") and password.has_attr("required")
    visitor.send("/cart/items", sku="ujeon")
    address = visitor.get("/checkout").html.find("textarea", {"name": "address"})
    assert address["maxlength"] == "500"


def test_an_address_of_several_lines_may_be_as_long_as_its_field(memory: Any) -> None:
    visitor = Visitor(memory)
    visitor.send("/cart/items", sku="ujeon")
    order = {"name": "민지", "cart_id": visitor.state()["cart"]["id"]}
    lines = "\r\n".join("길" * 9 for _ in range(50))  # 499 to a browser, which sends 548
    assert visitor.send("/checkout", **order, address=lines + "가나").status_int == 400
    assert visitor.send("/checkout", **order, address=lines).status_int == 303


def hint(page: Any, name: str) -> str:
    field = page.html.find("input", {"name": name})
    return str(page.html.find(id=field["aria-describedby"]).text.strip())


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_rules_are_said_before_they_are_broken(start_shop: Callable[..., Any], locale: str) -> None:
    visitor = Visitor(start_shop("memory"))
    visitor.set_cookie("locale", locale)
    told = {
        "en": (
            "Use 2 to 40 letters, digits, dots, dashes or underscores.",
            "Use 8 to 1,024 characters.",
        ),
        "ko": (
            "글자, 숫자, 점(.), 붙임표(-), 밑줄(_)로 2~40자를 입력해 주세요.",
            "8~1,024자로 입력해 주세요.",
        ),
    }[locale]
    page = visitor.get("/register")
    assert (hint(page, "username"), hint(page, "password")) == told
    assert page.html.find(class_="field-error") is None
    visitor.log_in()
    assert hint(visitor.get("/account/sessions"), "new") == told[1]
    for name in ("username", "password"):  # whoever has a password knows it
        assert "aria-describedby" not in visitor.get("/login").html.find(attrs={"name": name}).attrs
