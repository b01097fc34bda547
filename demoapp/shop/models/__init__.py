"""The shop's tables. The session layer brings its own, in demoapp.sessions.database."""

from demoapp.shop.models.base import Base
from demoapp.shop.models.order import Order, OrderLine
from demoapp.shop.models.product import Category, Product
from demoapp.shop.models.user import SavedCart, User

__all__ = ["Base", "Category", "Order", "OrderLine", "Product", "SavedCart", "User"]
