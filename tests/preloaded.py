"""What a process imports, maps and compiles for its first orders: import this, then fork."""

from tempfile import TemporaryDirectory

import pyramid.paster  # noqa: F401 - the commands'

from tests import passwords  # noqa: F401 - before the shop
from tests.shops import Visitor, close_shop, fill, open_shop

with TemporaryDirectory() as folder:
    url = f"sqlite:///{folder}/shop.sqlite"
    fill(url)
    shop = open_shop("database", url)
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="sejak", quantity="2")
    cart = visitor.state()["cart"]["id"]
    visitor.send("/checkout", name="민지", address="서울", cart_id=cart)
    close_shop(shop)  # a child inherits no connection
