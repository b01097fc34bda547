"""The shop's tables. The session layer brings its own, in demoapp.sessions.database."""

from demoapp.models.base import Base
from demoapp.models.order import Order, OrderLine
from demoapp.models.product import Category, Product
from demoapp.models.user import SavedCart, User

__all__ = ["Base", "Category", "Order", "OrderLine", "Product", "SavedCart", "User"]
