"""The cart: plain code over `request.session` that knows no strategy.

It assigns what it changes anew, so that it works on every kind of session.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_QUANTITY = 999
"""Of one product in one cart."""


class TooMany(ValueError):
    """A line would hold more than MAX_QUANTITY."""


@dataclass
class Cart:
    """`lines` is {sku: quantity}, in the order in which they were added."""

    session: Any

    @property
    def id(self) -> str | None:
        return self._stored().get("id")

    @property
    def lines(self) -> Mapping[str, int]:
        lines: Mapping[str, int] = self._stored().get("lines", {})
        return lines

    @property
    def quantity(self) -> int:
        return sum(self.lines.values())

    def add(self, sku: str, quantity: int) -> None:
        self.set(sku, self.lines.get(sku, 0) + quantity)

    def set(self, sku: str, quantity: int) -> None:
        if quantity > MAX_QUANTITY:
            raise TooMany(quantity)
        lines = {**self.lines, sku: quantity}
        if quantity == 0:
            del lines[sku]
        self._store(lines)

    def clear(self) -> None:
        self._store({})

    def finish(self) -> None:
        """The cart was ordered: remember its id, so that its order is found, and begin anew."""
        self.session["ordered"] = [*self.session.get("ordered", []), self.id][-20:]
        del self.session["cart"]

    def merge(self, lines: Mapping[str, int]) -> None:
        for sku, quantity in lines.items():
            self.set(sku, min(self.lines.get(sku, 0) + quantity, MAX_QUANTITY))

    def _stored(self) -> dict[str, Any]:
        stored = self.session.get("cart")
        return stored if isinstance(stored, dict) else {}

    def _store(self, lines: dict[str, int]) -> None:
        self.session["cart"] = {"id": self.id or secrets.token_urlsafe(16), "lines": lines}
