"""The cart that is kept at logout, and comes back with the next login: once.

An answer may get lost on its way, so a login does not know whether the browser will ever show the
session that the cart was put in. So it leaves the saved cart where it is, and notes in the session
that it is in there. The first request that shows this session proves that the answer has arrived:
then the saved cart goes. A login that is sent again finds either the cart or the note.
"""

from typing import Any

from sqlalchemy import delete, select

from demoapp.shop.models import SavedCart, User

RESTORED = "restored"
"""The session's key: the ids of the saved carts that it holds."""


def keep(request: Any, user: User) -> None:
    """At logout. It may be there already: by a logout whose answer the database has lost."""
    cart = request.cart
    if cart.lines:
        kept = SavedCart(cart_id=cart.id, user_id=user.id, lines=dict(cart.lines))
        request.dbsession.merge(kept)
        request.dbsession.flush()


def restore(request: Any, user: User) -> bool:
    """At login; true if there is in the session what had been kept."""
    inside = list(request.session.get(RESTORED, ()))
    kept = select(SavedCart).where(SavedCart.user_id == user.id)
    for saved in request.dbsession.scalars(kept.where(SavedCart.cart_id.not_in(inside))):
        request.cart.merge(saved.lines)
        inside.append(saved.cart_id)
    if inside:
        request.session[RESTORED] = inside
    return bool(inside)


def arrived(request: Any, user: User) -> None:
    """The browser shows a session that has the saved carts in it."""
    inside = request.session.pop(RESTORED)
    mine = SavedCart.user_id == user.id
    request.dbsession.execute(delete(SavedCart).where(mine, SavedCart.cart_id.in_(inside)))
