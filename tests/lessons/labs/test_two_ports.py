"""The lab `two-ports` names the second shop as its visitor would reach it."""

import pytest

from tests.lessons.labs.visiting import StartShop
from tests.shops import Visitor


@pytest.mark.parametrize(
    ("host", "other"),
    [
        ("localhost:6543", "localhost:6544"),
        ("pc:6544", "pc:6543"),
        ("tea.example", "tea.example:6544"),
    ],
)
def test_the_second_shop_is_at_the_port_beside_this_one(
    start_shop: StartShop, host: str, other: str
) -> None:
    visitor = Visitor(start_shop("memory"), extra_environ={"HTTP_HOST": host})
    page = visitor.get("/labs/two-ports").text
    assert f"http_port = {other.rpartition(':')[2]}/" in page
    assert f"http://{other}/labs/two-ports" in page
