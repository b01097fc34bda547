"""Checkout and the visitor's own orders."""

from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.view import view_config
from pyramid_retry import mark_error_retryable
from sqlalchemy.exc import IntegrityError

from demoapp.cart import Cart
from demoapp.forms import CheckoutForm, one
from demoapp.i18n import _
from demoapp.models import Order
from demoapp.orders import OutOfStock, of_cart, own_orders, place
from demoapp.views.shop import cart_page


def checkout_page(request: Any, form: Any, error: str | None = None) -> dict[str, Any]:
    page = cart_page(request)
    return {
        "cart": page["cart"],
        "form": form,
        "error": request.localizer.translate(error) if error else None,
    }


@view_config(route_name="checkout", request_method="GET", renderer="demoapp:templates/checkout.pt")
def show(request: Any) -> Any:
    if not Cart(request.session).lines:
        return HTTPSeeOther(request.route_path("cart"))
    return checkout_page(request, CheckoutForm())


@view_config(route_name="checkout", request_method="POST", renderer="demoapp:templates/checkout.pt")
def submit(request: Any) -> Any:
    cart_id = one(request, "cart_id")
    if cart_id and (order := of_cart(request, cart_id)):
        return HTTPSeeOther(request.route_path("order", number=order.number))
    cart = Cart(request.session)
    form = CheckoutForm(request.POST)
    request.response.status_int = 400
    page = checkout_page(request, form)
    if not page["cart"]["lines"] or cart_id != cart.id:
        return checkout_page(request, form, _("Your cart has changed. Please look at it again."))
    for field in ("name", "address"):
        one(request, field)
    if not form.validate():
        return page
    try:
        order = place(request, cart, page["cart"]["lines"], form.name.data, form.address.data)
    except IntegrityError as err:
        # the same cart was ordered a moment ago: the replay will find that order
        mark_error_retryable(err)
        raise
    except OutOfStock as err:
        request.tm.abort()
        request.tm.begin()
        request.response.status_int = 409
        told = _("There is not enough left of: ${name}", mapping={"name": err.args[0]})
        return checkout_page(request, form, told)
    return HTTPSeeOther(request.route_path("order", number=order.number))


@view_config(route_name="orders", request_method="GET", renderer="demoapp:templates/orders.pt")
def orders(request: Any) -> dict[str, Any]:
    query = own_orders(request).order_by(Order.created.desc())
    return {"orders": list(request.dbsession.scalars(query))}


@view_config(route_name="order", request_method="GET", renderer="demoapp:templates/order.pt")
def order(request: Any) -> dict[str, Any]:
    number = request.matchdict["number"].replace("\0", "")
    found = request.dbsession.scalars(own_orders(request).where(Order.number == number)).first()
    if found is None:
        raise HTTPNotFound(_("There is no such order of yours."))
    return {"order": found, "fresh": False}
