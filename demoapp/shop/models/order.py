"""What was bought. A cart becomes one order at most: its id is unique here."""

from sqlalchemy import CheckConstraint, Double, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from demoapp.shop.models.base import Base


class Order(Base):
    __tablename__ = "purchase"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16), unique=True)
    cart_id: Mapped[str] = mapped_column(String(40), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    created: Mapped[float] = mapped_column(Double)
    name: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(Text)
    total: Mapped[int]
    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.id", lazy="selectin")

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)


class OrderLine(Base):
    __tablename__ = "purchase_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase.id"), index=True)
    sku: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(120))
    unit_price: Mapped[int]
    quantity: Mapped[int]

    @property
    def subtotal(self) -> int:
        return self.unit_price * self.quantity

    @property
    def image(self) -> str:
        return f"img/products/{self.sku}.svg"
