"""The accounts of those who play: one in each shop, made by the first login on the stage.

An account outlives its stage, as the shop may be started again while somebody is logged in. So that
they do not become more and more, the oldest of those who play no more make room for new ones.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import delete, select, update

from demoapp.lessons.stage.house import VISITORS
from demoapp.shop.models import Order, SavedCart, User


def account(shop: str, number: str) -> str:
    """The name of a visitor's account."""
    return f"{shop}-stage-{number}"


def make_room(app: Any, shop: str, playing: Collection[str]) -> None:
    """Keep the accounts of who is `playing`, and as many others as there are places."""
    names = {account(shop, number) for number in playing}
    of_stage = User.username.startswith(account(shop, ""), autoescape=True)
    with app.registry["dbsession_factory"]() as dbsession, dbsession.begin():
        others = select(User.id).where(of_stage, User.username.not_in(names))
        gone = dbsession.scalars(others.order_by(User.id.desc()).offset(VISITORS)).all()
        if gone:
            dbsession.execute(delete(SavedCart).where(SavedCart.user_id.in_(gone)))
            dbsession.execute(update(Order).where(Order.user_id.in_(gone)).values(user_id=None))
            dbsession.execute(delete(User).where(User.id.in_(gone)))
