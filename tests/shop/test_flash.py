"""What the next page says about what was just done: once, and in the visitor's language."""

from typing import Any

from tests.shops import Visitor


def korean(shop: Any) -> Visitor:
    visitor = Visitor(shop)
    visitor.set_cookie("locale", "ko")
    return visitor


def told(page: Any) -> list[str]:
    return [flash.text for flash in page.html.find_all("p", {"class": "flash"})]


def last_told(visitor: Visitor) -> list[str]:
    return told(visitor.get("/cart"))


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
