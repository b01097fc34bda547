"""Checkout and the visitor's own orders."""

import re
from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.view import view_config
from sqlalchemy import func, select

from demoapp.i18n import _
from demoapp.shop.flash import told
from demoapp.shop.forms import STALE, CheckoutForm, is_stale, one
from demoapp.shop.models import Order
from demoapp.shop.orders import of_cart, own_orders, place
from demoapp.shop.views.cart import cart_page

CHANGED = _("Your cart has changed. Please look at it again.")
PAGE_SIZE = 20
PLACED = "placed"
"""The flash queue for the number of an order that its next page thanks for."""


def checkout_page(
    request: Any, form: Any, error: str | None = None, status: int = 200
) -> dict[str, Any]:
    request.response.status_int = status
    return {"cart": cart_page(request)["cart"], "form": form, "error": error}


@view_config(route_name="checkout", request_method="GET", renderer="demoapp:templates/checkout.pt")
def show(request: Any) -> Any:
    lines = cart_page(request)["cart"]["lines"]
    if not lines:
        return HTTPSeeOther(request.route_path("cart"))
    return checkout_page(request, CheckoutForm(), scarce(lines))


@view_config(
    route_name="checkout",
    request_method="POST",
    require_csrf=False,
    renderer="demoapp:templates/checkout.pt",
)
def submit(request: Any) -> Any:
    cart_id, _name, _address = (one(request, field) for field in ("cart_id", "name", "address"))
    cart, form = request.cart, CheckoutForm(request.POST)
    if is_stale(request):
        return checkout_page(request, form, STALE, status=400)
    if cart_id and (order := of_cart(request, cart_id)):
        return to_order(request, order)  # sent twice: the first order is the answer
    lines = cart_page(request)["cart"]["lines"]
    if not lines:  # the session ended in the meantime, or another tab emptied it
        request.override_renderer = "demoapp:templates/cart.pt"
        return cart_page(request, CHANGED)
    if cart_id != cart.id:
        return checkout_page(request, form, CHANGED, status=400)
    if not form.validate():
        return checkout_page(request, form, status=400)
    if sorry := scarce(lines):
        return checkout_page(request, form, sorry, status=409)
    order = place(request, cart, lines, form.name.data, form.address.data)
    request.session.flash(order.number, PLACED)
    return to_order(request, order)


def scarce(lines: list[Any]) -> str | None:
    """What to say if there is more in the cart than in stock."""
    for line in lines:
        if line.short:
            told: str = _(
                "Not enough in stock: ${name}. Go back to the cart and lower the quantity.",
                mapping={"name": line.product.name},
            )
            return told
    return None


def to_order(request: Any, order: Order) -> Any:
    return HTTPSeeOther(request.route_path("order", number=order.number))


@view_config(route_name="orders", request_method="GET", renderer="demoapp:templates/orders.pt")
def orders(request: Any) -> dict[str, Any]:
    """The latest first, PAGE_SIZE of them at a time."""
    mine = own_orders(request)
    total = request.dbsession.scalar(select(func.count()).select_from(mine.subquery()))
    last = max(1, -(-total // PAGE_SIZE))
    number = request.GET.get("page", "1")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", number) or int(number) > last:
        raise HTTPNotFound
    page = int(number)
    query = mine.order_by(Order.created.desc(), Order.id.desc())
    shown = query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    return {"orders": list(request.dbsession.scalars(shown)), "number": page, "last": last}


@view_config(route_name="order", request_method="GET", renderer="demoapp:templates/order.pt")
def order(request: Any) -> dict[str, Any]:
    number = request.matchdict["number"]
    found = request.dbsession.scalars(own_orders(request).where(Order.number == number)).first()
    if found is None:
        raise HTTPNotFound(_("You have no order with this number."))
    fresh = number in told(request.session, PLACED)
    if fresh and request.method != "HEAD":  # whose answer nobody reads
        request.session.pop_flash(PLACED)
    return {"order": found, "fresh": fresh}
