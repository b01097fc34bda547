"""The cart: what is in it, and the four ways to change it."""

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config

from demoapp.i18n import _
from demoapp.shop.cart import TooMany
from demoapp.shop.flash import tell
from demoapp.shop.forms import QUANTITY, local, one, quantity
from demoapp.shop.models import Product
from demoapp.shop.products import cart_shown
from demoapp.shop.views.catalog import find


def cart_page(request: Any, error: str | None = None) -> dict[str, Any]:
    if error:
        request.response.status_int = 400
    return {"cart": cart_shown(request), "form_error": error}


@view_config(route_name="cart", request_method="GET", renderer="demoapp:templates/cart.pt")
def cart(request: Any) -> dict[str, Any]:
    return cart_page(request)


@view_config(route_name="cart_items", request_method="POST", renderer="demoapp:templates/cart.pt")
def add(request: Any) -> Any:
    found = request.dbsession.get(Product, one(request, "sku"))
    if found is None:
        return cart_page(request, _("We do not sell that."))
    goal = local(request, one(request, "next"), otherwise=request.route_path("cart"))
    try:
        added = quantity(request, "1", minimum=1)
        request.cart.add(found.sku, added)
    except (TooMany, ValueError):
        return cart_page(request, QUANTITY)
    tell_line(request, _("Added to the cart: ${count} × ${name}"), found.sku, added)
    return HTTPSeeOther(goal)


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
