"""Products as a page shows them: in its language, alone or as the lines of a cart."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from demoapp.shop.cart import Cart
from demoapp.shop.models import Product


def localised(product: Product, locale: str) -> SimpleNamespace:
    """A product in the language of the page."""
    texts = ("name", "unit", "summary", "description", "brew")
    return SimpleNamespace(
        sku=product.sku,
        category=product.category_id,
        price=product.price,
        stock=product.stock,
        image=f"img/products/{product.sku}.svg",
        **{text: getattr(product, f"{text}_{locale}") for text in texts},
    )


def lines_of(request: Any, cart: Cart) -> Iterator[SimpleNamespace]:
    """The cart's lines with their products; one that is sold no more is left out."""
    query = select(Product).where(Product.sku.in_(list(cart.lines)))
    products = {product.sku: product for product in request.dbsession.scalars(query)}
    for sku, quantity in cart.lines.items():
        if product := products.get(sku):
            yield SimpleNamespace(
                product=localised(product, request.locale_name),
                quantity=quantity,
                unit_price=product.price,
                subtotal=product.price * quantity,
                short=product.stock < quantity,
            )
