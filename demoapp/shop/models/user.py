"""Who may log in, and the carts that wait for them."""

import secrets
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from demoapp.shop.models.base import Base


def new_epoch() -> str:
    """A word that nobody can guess, so that a user of another database cannot have the same."""
    return secrets.token_urlsafe(16)


class User(Base):
    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    session_epoch: Mapped[str] = mapped_column(String(32), default=new_epoch)
    """Every session of the user names it; those that name another are over, wherever they are."""
    active: Mapped[bool] = mapped_column(default=True)


class SavedCart(Base):
    """The lines of a cart left behind at logout, which the next login brings back."""

    __tablename__ = "saved_cart"
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    cart_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    lines: Mapped[dict[str, Any]] = mapped_column(JSON)
