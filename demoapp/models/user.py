"""Who may log in, and the cart that waits for them."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from demoapp.models.base import Base


class User(Base):
    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    session_epoch: Mapped[int] = mapped_column(default=0)
    """Sessions of an earlier epoch are over, wherever they are kept."""
    active: Mapped[bool] = mapped_column(default=True)


class SavedCart(Base):
    """The lines of a cart left behind at logout, merged back at login."""

    __tablename__ = "saved_cart"
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    lines: Mapped[dict[str, Any]] = mapped_column(JSON)
