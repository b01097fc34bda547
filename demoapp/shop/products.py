"""Products as a page shows them: in its language, alone or as the lines of a cart."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from demoapp.shop.models import Category, Product


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


def localised_category(category: Category, locale: str) -> SimpleNamespace:
    texts = {text: getattr(category, f"{text}_{locale}") for text in ("name", "intro")}
    return SimpleNamespace(id=category.id, **texts)


def cart_shown(request: Any) -> dict[str, Any]:
    """The visitor's cart, as pages and /session.json have it."""
    lines = list(lines_of(request))
    return {
        "id": request.cart.id,
        "lines": lines,
        "quantity": sum(line.quantity for line in lines),
        "total": sum(line.subtotal for line in lines),
    }


def lines_of(request: Any) -> Iterator[SimpleNamespace]:
    """The cart's lines with their products; one that is sold no more is left out."""
    cart = request.cart.lines
    query = select(Product).where(Product.sku.in_(list(cart)))
    products = {product.sku: product for product in request.dbsession.scalars(query)}
    for sku, quantity in cart.items():
        if product := products.get(sku):
            yield SimpleNamespace(
                product=localised(product, request.locale_name),
                quantity=quantity,
                unit_price=product.price,
                subtotal=product.price * quantity,
                short=product.stock < quantity,
            )
