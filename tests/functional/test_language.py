"""What the shop says, and in which language: messages after an action, form errors, headers."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.shops import Visitor


def korean(shop: Any) -> Visitor:
    visitor = Visitor(shop)
    visitor.set_cookie("locale", "ko")
    return visitor


def told(page: Any) -> list[str]:
    return [flash.text for flash in page.html.find_all("p", {"class": "flash"})]


def last_told(visitor: Visitor) -> list[str]:
    return told(visitor.get("/cart"))


@pytest.fixture
def memory(start_shop: Callable[..., Any]) -> Any:
    return start_shop("memory")


def test_each_change_of_the_cart_is_told_once(shop: Any) -> None:
    visitor = korean(shop)
    visitor.send("/cart/items", sku="ujeon", quantity="2")
    assert last_told(visitor) == ["‘하동 우전’ 상품 2개를 장바구니에 담았습니다."]
    assert last_told(visitor) == []
    visitor.send("/cart/items/ujeon", quantity="5")
    assert last_told(visitor) == ["‘하동 우전’ 상품의 수량을 5개로 바꿨습니다."]
    visitor.send("/cart/items/ujeon", quantity="0")
    assert last_told(visitor) == ["‘하동 우전’ 상품을 장바구니에서 뺐습니다."]
    visitor.send("/cart/items", sku="sejak")
    visitor.send("/cart/clear")
    assert last_told(visitor) == ["장바구니를 비웠습니다."]
    visitor.set_cookie("locale", "en")
    visitor.send("/cart/items", sku="ujeon")
    assert last_told(visitor) == ["Added to the cart: 1 × Ujeon, first flush"]


def test_logging_in_and_out_is_told_without_a_session_for_nobody_S4(
    shop: Any, strategy: str
) -> None:
    visitor = Visitor(shop)
    assert last_told(visitor) == []
    visitor.send("/cart/clear")
    assert visitor.cookie() is None
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    goodbye = visitor.send("/logout").follow()
    assert told(goodbye) == ["You are logged out. Your cart is kept for your next login."]
    # Pyramid's cookie session leaves an empty cookie behind; there is no record of it
    assert strategy == "custom" or visitor.state()["handle"] is None
    visitor.log_in()
    expected = "Welcome, demo. The cart you left behind has been added to this one."
    assert last_told(visitor) == [expected]
    assert told(visitor.get("/?goodbye=1")) == []  # it would not be true
    visitor.send("/cart/clear")
    assert told(visitor.send("/logout").follow()) == ["You are logged out."]
    visitor.log_in()
    assert last_told(visitor) == ["Welcome, demo."]
    assert told(Visitor(shop).send("/logout").follow()) == []


def test_what_happens_to_an_account_is_told(memory: Any) -> None:
    visitor, other = korean(memory), Visitor(memory)
    visitor.send("/register", username="하은", password="a good password")
    assert last_told(visitor) == ["하은 님, 가입을 환영합니다."]
    other.log_in("하은", "a good password")
    visitor.send(f"/account/sessions/{other.state()['handle']}/revoke")
    assert last_told(visitor) == ["해당 기기에서 로그아웃했습니다."]
    assert other.state()["user"] is None
    visitor.send("/account/sessions/revoke-others")
    assert last_told(visitor) == ["다른 기기에서 모두 로그아웃했습니다."]
    visitor.send("/account/password", current="a good password", new="another password")
    expected = "비밀번호를 변경했으며, 다른 기기에서는 모두 로그아웃했습니다."
    assert last_told(visitor) == [expected]


def test_messages_that_nobody_reads_do_not_pile_up(shop: Any, strategy: str) -> None:
    visitor = korean(shop)
    # the token comes from a page that shows no message
    fields = {"sku": "ujeon", "csrf_token": visitor.token()}
    for quantity in range(1, 30):
        visitor.post("/cart/items/ujeon", {**fields, "quantity": str(quantity)})
    cookie = visitor.cookie()
    assert cookie is not None
    shown = last_told(visitor)
    assert shown == ["‘하동 우전’ 상품의 수량을 29개로 바꿨습니다."]
    if strategy == "custom":  # the whole session is in it
        without = visitor.cookie()
        assert without is not None
        assert 0 < len(cookie) - len(without) < 300


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


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-GB,ko;q=0.2", "en"),
        ("fr,de", "en"),
        ("ko;q=0", "en"),
        ("*", "en"),
        ("", "en"),
        (";;;,,q=", "en"),
        ("ko;q=9", "en"),
        ("한국어", "en"),
        ("k" * 5000, "en"),
    ],
)
def test_the_browser_is_asked_for_the_language(memory: Any, header: str, expected: str) -> None:
    raw = header.encode().decode("latin-1")
    answer = Visitor(memory).get("/", headers={"Accept-Language": raw})
    assert answer.status_int == 200
    assert answer.html.html["lang"] == expected
    assert answer.headers["Content-Language"] == expected
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)


@pytest.mark.parametrize("value", ["fr", "../../etc", "KO", "ko-KR", "x" * 3000])
def test_a_locale_cookie_of_no_sense_counts_as_none(memory: Any, value: str) -> None:
    answer = Visitor(memory).get("/", headers={"Cookie": f"locale={value}"})
    assert answer.html.html["lang"] == "en"


def test_answers_of_no_language_do_not_vary_with_it(memory: Any) -> None:
    for path in ("/healthz", "/static/site.css"):
        answer = Visitor(memory).get(path)
        assert "Content-Language" not in answer.headers
        assert "Accept-Language" not in (answer.vary or ())
    missing = Visitor(memory).get("/no-such", headers={"Accept-Language": "ko"})
    assert missing.status_int == 404
    assert missing.headers["Content-Language"] == "ko"
    assert "페이지를 찾을 수 없습니다" in missing.text
