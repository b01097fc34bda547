"""Run over a copy of the package that has no lessons: imports every module and sees every page.

    python -S -m tests.functional.without_lessons DATABASE_URL REDIS_URL

`-S`, or the finder of an editable install would find the lessons in the checkout after all.
"""

import sys
from importlib import import_module
from pkgutil import walk_packages
from typing import Any
from urllib.parse import urljoin, urlsplit

import demoapp
from tests import passwords  # noqa: F401 - before the shop
from tests.shops import STRATEGIES, Visitor, close_shop, open_shop

SKU = "sejak"
PARTS = ("href", "src", "srcset", "data-extend")


def leads_to(page: Any) -> set[str]:
    """Paths of what a page links to or loads, and its own fragments that are not there."""
    here = page.request.path_qs
    found = [tag[part] for tag in page.html.find_all(True) for part in PARTS if tag.has_attr(part)]
    ids = {tag["id"] for tag in page.html.find_all(id=True)}
    dead = {link for link in found if link.startswith("#") and link[1:] not in ids}
    assert not dead, (here, dead)
    paths = {urlsplit(urljoin(here, link))._replace(fragment="").geturl() for link in found}
    return {path for path in paths if path.startswith("/")}


def crawl(visitor: Visitor, seen: set[str]) -> None:
    """Every page and file that is linked from the first, unless seen; of the goods one will do."""
    waiting = {"/"}
    while waiting:
        seen.add(path := waiting.pop())
        answer = visitor.get(path)
        assert answer.status_int in (200, 303), (path, answer.status_int)
        if answer.status_int == 200 and answer.content_type == "text/html":
            boxes = answer.html.select("nav, ul, ol, p, h1, h2")
            assert not [box for box in boxes if empty(box)], path
            links = leads_to(answer) - seen
            waiting |= {link for link in links if not link.startswith("/products/") or SKU in link}


def empty(box: Any) -> bool:
    return not box.get_text(strip=True) and not box.find(["img", "svg", "input", "button"])


def buys(visitor: Visitor) -> None:
    assert visitor.send("/cart/items", sku=SKU).status_int == 303
    assert visitor.log_in().status_int == 303
    cart_id = visitor.get("/checkout").html.find("input", {"name": "cart_id"})["value"]
    ordered = visitor.send("/checkout", name="Minji", address="Hadong", cart_id=cart_id)
    assert ordered.status_int == 303
    assert ordered.follow().status_int == 200


def main(database_url: str, redis_url: str) -> None:
    names = {module.name for module in walk_packages(demoapp.__path__, "demoapp.")}
    assert "demoapp.scripts.init" in names and "demoapp.lessons" not in names
    for name in sorted(names):
        if not name.startswith("demoapp.alembic"):
            import_module(name)
    for strategy in STRATEGIES:
        shop = open_shop(strategy, database_url, {"session.redis.url": redis_url})
        visitor, files = Visitor(shop), set[str]()
        crawl(visitor, files)
        buys(visitor)
        crawl(visitor, {path for path in files if path.startswith("/static/")})
        assert visitor.send("/logout").follow().status_int == 200
        strip = visitor.get("/nothing").html.select_one(".where")
        assert strip.find(class_="where-words").get_text().strip()
        assert strip.find("svg") is None
        assert visitor.get("/strategies").status_int == 404
        close_shop(shop)


if __name__ == "__main__":
    main(*sys.argv[1:])
