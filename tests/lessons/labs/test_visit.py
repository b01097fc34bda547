"""The browser that the shop plays speaks the language of its visitor."""

from typing import Any

from tests.lessons.labs.visiting import sends
from tests.shops import Visitor


def test_what_the_shop_tells_a_lab_is_in_the_visitors_language(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.extra_environ["HTTP_ACCEPT_LANGUAGE"] = "ko"
    visitor.log_in()
    visitor.get("/")
    sends(visitor, "devices", "end-others")
    assert "다른 기기에서 모두 로그아웃했습니다." in visitor.get("/labs/devices").text
