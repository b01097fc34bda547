"""The cart: plain code over `request.session` that knows no strategy.

It assigns what it changes anew, so that it works on every kind of session.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_QUANTITY = 999
"""Pieces of one product in one cart, for the server and for the fields of a page."""


def is_id(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[\w-]{1,40}", value, re.ASCII))


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

    @property
    def ordered(self) -> list[str]:
        """The ids of this visitor's carts that became orders, the last ones."""
        ordered = self.session.get("ordered")
        return ordered if isinstance(ordered, list) and all(map(is_id, ordered)) else []

    def add(self, sku: str, quantity: int) -> None:
        cart = self._begun()
        self._set(cart, sku, cart["lines"].get(sku, 0) + quantity)

    def set(self, sku: str, quantity: int) -> None:
        self._set(self._begun(), sku, quantity)

    def clear(self) -> None:
        self.session["cart"] = {**self._begun(), "lines": {}}

    def finish(self) -> None:
        """The cart was ordered: remember its id, so that its order is found, and begin anew."""
        self.session["ordered"] = [*self.ordered, self.id][-20:]
        del self.session["cart"]

    def merge(self, lines: Mapping[str, int]) -> None:
        for sku, quantity in lines.items():
            self.set(sku, min(self.lines.get(sku, 0) + quantity, MAX_QUANTITY))

    def _set(self, cart: dict[str, Any], sku: str, quantity: int) -> None:
        if quantity > MAX_QUANTITY:
            raise TooMany(quantity)
        lines = {**cart["lines"], sku: quantity}
        if quantity == 0:
            del lines[sku]
        self.session["cart"] = {**cart, "lines": lines}

    def _begun(self) -> dict[str, Any]:
        return self._stored() or {"id": secrets.token_urlsafe(16), "lines": {}}

    def _stored(self) -> dict[str, Any]:
        """The cart as it is kept; none if another release of the shop has left it otherwise."""
        cart = self.session.get("cart")
        match cart:
            case {"id": str(name), "lines": dict(lines)} if is_id(name) and all(
                type(n) is int and n > 0 for n in lines.values()
            ):
                return {"id": name, "lines": lines}
        return {}
