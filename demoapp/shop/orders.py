"""Turning a cart into an order: once, and only of what is in stock."""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select, update
from transaction.interfaces import TransientError

from demoapp.shop.cart import Cart
from demoapp.shop.models import Order, OrderLine, Product


class StockMoved(TransientError):
    """Another visitor was faster: what the page showed as in stock is not. The replay will tell."""


def current_cart(request: Any) -> Cart:
    """The visitor's cart; empty if it was ordered already.

    Its order may have been committed without the session: in a cookie strategy the answer can
    get lost, and a process can die between the two.
    """
    request.current_user  # noqa: B018 - first: it empties a session that was ended elsewhere
    cart = Cart(request.session)
    name = cart.id
    if name and request.dbsession.scalar(select(Order.id).where(Order.cart_id == name)):
        cart.finish()
    return cart


def own_orders(request: Any) -> Any:
    """The visitor's orders: the user's, and those of carts that were in this session."""
    # request.cart: an order whose answer was lost is found by the cart that is still here
    carts, user = request.cart.ordered, request.current_user
    mine = Order.cart_id.in_(carts)
    return select(Order).where(or_(mine, Order.user_id == user.id) if user else mine)


def of_cart(request: Any, cart_id: str) -> Order | None:
    found: Order | None = request.dbsession.scalars(
        own_orders(request).where(Order.cart_id == cart_id)
    ).first()
    return found


def place(request: Any, cart: Cart, lines: Sequence[Any], name: str, address: str) -> Order:
    """Take the stock and write the order. The unique cart_id makes a second one impossible."""
    for line in sorted(lines, key=lambda line: line.product.sku):  # one order: no deadlock
        taken = request.dbsession.execute(
            update(Product)
            .where(Product.sku == line.product.sku, Product.stock >= line.quantity)
            .values(stock=Product.stock - line.quantity)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount != 1:
            raise StockMoved(line.product.sku)
    user = request.current_user
    order = Order(
        number=secrets.token_hex(5).upper(),
        cart_id=cart.id,
        user_id=user.id if user else None,
        created=time.time(),
        name=name,
        address=address,
        total=sum(line.subtotal for line in lines),
        lines=[
            OrderLine(
                sku=line.product.sku,
                name=line.product.name,
                unit_price=line.unit_price,
                quantity=line.quantity,
            )
            for line in lines
        ],
    )
    request.dbsession.add(order)
    request.dbsession.flush()
    cart.finish()
    return order


def includeme(config: Any) -> None:
    config.add_request_method(current_cart, "cart", reify=True)
