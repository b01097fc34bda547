"""What teaches can be taken out: nothing outside imports it, and the shop goes on without it."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator

from tests.shops import STRATEGIES, Visitor

PACKAGE = Path(__file__).resolve().parents[2] / "demoapp"


def test_nothing_outside_imports_it() -> None:
    for file in PACKAGE.rglob("*.py"):
        if file.is_relative_to(PACKAGE / "lessons"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            assert not [name for name in names if name.startswith("demoapp.lessons")], file


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_shop_goes_on_without_it(
    strategy: str, start_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    include = Configurator.include
    monkeypatch.setattr(
        Configurator,
        "include",
        lambda config, part, *rest: part == "demoapp.lessons" or include(config, part, *rest),
    )
    shop = start_shop(strategy, **{"demo.labs": "false", "demo.hosts": "localhost"})
    visitor = Visitor(shop)
    assert visitor.send("/cart/items", sku="sejak").status_int == 303
    assert visitor.log_in().status_int == 303
    for path in ("/", "/products/sejak", "/cart", "/orders", "/account/sessions", "/checkout"):
        assert visitor.get(path).status_int == 200, path
    strip = visitor.get("/cart").html.select_one(".where")
    assert strip.find(class_="where-words").get_text().strip()
    assert strip.find("svg") is None
    assert visitor.get("/strategies").status_int == 404
