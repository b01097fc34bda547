"""What is for sale, in both languages."""

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from demoapp.shop.models.base import Base


class Category(Base):
    __tablename__ = "category"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int]
    name_en: Mapped[str] = mapped_column(String(80))
    name_ko: Mapped[str] = mapped_column(String(80))
    intro_en: Mapped[str] = mapped_column(Text)
    intro_ko: Mapped[str] = mapped_column(Text)


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        CheckConstraint("price > 0", name="price_positive"),
    )
    sku: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int]
    category_id: Mapped[str] = mapped_column(ForeignKey("category.id"), index=True)
    price: Mapped[int]
    """Whole won."""
    stock: Mapped[int]
    name_en: Mapped[str] = mapped_column(String(120))
    name_ko: Mapped[str] = mapped_column(String(120))
    unit_en: Mapped[str] = mapped_column(String(60))
    unit_ko: Mapped[str] = mapped_column(String(60))
    summary_en: Mapped[str] = mapped_column(Text)
    summary_ko: Mapped[str] = mapped_column(Text)
    description_en: Mapped[str] = mapped_column(Text)
    description_ko: Mapped[str] = mapped_column(Text)
    brew_en: Mapped[str] = mapped_column(Text)
    brew_ko: Mapped[str] = mapped_column(Text)
