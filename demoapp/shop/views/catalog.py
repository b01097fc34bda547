"""Catalogue and cart."""

from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.view import view_config
from sqlalchemy import or_, select

from demoapp.i18n import _
from demoapp.shop import text
from demoapp.shop.cart import TooMany
from demoapp.shop.flash import tell
from demoapp.shop.forms import QUANTITY, one, quantity
from demoapp.shop.models import Category, Product
from demoapp.shop.page import lines_of, localised


@view_config(route_name="catalog", request_method="GET", renderer="demoapp:templates/catalog.pt")
def catalog(request: Any) -> dict[str, Any]:
    words = text.composed(request.GET.get("q", "").replace("\0", ""))[:80]
    chosen = request.GET.get("category", "").replace("\0", "")[:32]
    category = request.dbsession.get(Category, chosen) if chosen else None
    query = select(Product).order_by(Product.position)
    if chosen:
        query = query.where(Product.category_id == chosen)
    for word in text.key(words).split():
        texts = (Product.name_en, Product.name_ko, Product.summary_en, Product.summary_ko)
        query = query.where(or_(*(each.icontains(word, autoescape=True) for each in texts)))
    locale = request.locale_name
    products = [localised(product, locale) for product in request.dbsession.scalars(query)]
    shown = category and {
        "id": category.id,
        "name": getattr(category, f"name_{locale}"),
        "intro": getattr(category, f"intro_{locale}"),
    }
    return {"products": products, "query": words, "category": shown, "count": len(products)}


def find(request: Any, sku: str) -> Product:
    product: Product | None = request.dbsession.get(Product, sku) if "\0" not in sku else None
    if product is None:
        raise HTTPNotFound(_("We do not sell that."))
    return product


@view_config(route_name="product", request_method="GET", renderer="demoapp:templates/product.pt")
def product(request: Any) -> dict[str, Any]:
    found = find(request, request.matchdict["sku"])
    query = select(Product).where(
        Product.category_id == found.category_id, Product.sku != found.sku
    )
    related = request.dbsession.scalars(query.order_by(Product.position).limit(3))
    locale = request.locale_name
    return {
        "product": localised(found, locale),
        "related": [localised(other, locale) for other in related],
        "form": None,
    }


def cart_page(request: Any, error: str | None = None) -> dict[str, Any]:
    cart = request.cart
    lines = list(lines_of(request, cart))
    shown = {
        "id": cart.id,
        "lines": lines,
        "quantity": sum(line.quantity for line in lines),
        "total": sum(line.subtotal for line in lines),
    }
    if error:
        request.response.status_int = 400
        error = request.localizer.translate(error)
    return {"cart": shown, "form_error": error}


@view_config(route_name="cart", request_method="GET", renderer="demoapp:templates/cart.pt")
def cart(request: Any) -> dict[str, Any]:
    return cart_page(request)


@view_config(route_name="cart_items", request_method="POST", renderer="demoapp:templates/cart.pt")
def add(request: Any) -> Any:
    found = request.dbsession.get(Product, one(request, "sku"))
    if found is None:
        return cart_page(request, _("We do not sell that."))
    try:
        added = quantity(request, "1", minimum=1)
        request.cart.add(found.sku, added)
    except (TooMany, ValueError):
        return cart_page(request, QUANTITY)
    tell_line(request, _("Added to the cart: ${count} × ${name}"), found.sku, added)
    return HTTPSeeOther(request.route_path("cart"))


def tell_line(request: Any, told: Any, sku: str, count: int) -> None:
    """Say on the next page what became of a line, with the product's name in its language."""
    product = request.dbsession.get(Product, sku)
    name = getattr(product, f"name_{request.locale_name}", sku)  # None: it is sold no more
    tell(request, told, name=name, count=count)


@view_config(route_name="cart_item", request_method="POST", renderer="demoapp:templates/cart.pt")
def change(request: Any) -> Any:
    sku = request.matchdict["sku"]
    if sku not in request.cart.lines:
        find(request, sku)
    try:
        wanted = quantity(request, "", minimum=0)
        if wanted or sku in request.cart.lines:
            request.cart.set(sku, wanted)
            changed = _("In the cart now: ${count} × ${name}")
            removed = _("Removed from the cart: ${name}")
            tell_line(request, changed if wanted else removed, sku, wanted)
    except ValueError:
        return cart_page(request, QUANTITY)
    return HTTPSeeOther(request.route_path("cart"))


@view_config(route_name="cart_clear", request_method="POST")
def clear(request: Any) -> Any:
    if request.cart.lines:
        request.cart.clear()
        tell(request, _("The cart has been emptied."))
    return HTTPSeeOther(request.route_path("cart"))
