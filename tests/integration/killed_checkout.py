"""A process that submits checkouts and is killed in the middle of them; run by test_kill.py.

It reads one JSON object a line, forks a child that submits the order and kills itself with
SIGKILL at the given step, and answers with the child's end. A step is a call of a Python
function, in any package, once the application has the request.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from webob import Request

import tests.preloaded  # noqa: F401 - or each child would do it again, and count it as steps
from tests.shops import Visitor, close_shop, open_shop


@cache
def opened(strategy: str, database: str, settings: tuple[tuple[str, str], ...]) -> Any:
    """A shop that has had no request: each child begins as a process that has just started."""
    shop = open_shop(strategy, database, dict(settings))
    close_shop(shop)  # a child inherits no connection
    return shop


def submit(shop: Any, order: dict[str, Any], tell: Callable[[Any], None]) -> None:
    """In the child: tell the cart's id, then the number of steps that its checkout took."""
    if order["strategy"] == "memory":  # what another process has in its cart is not seen here
        visitor = Visitor(shop)
        visitor.send("/cart/items", sku="sejak", quantity="2")
        order["fields"]["cart_id"] = visitor.state()["cart"]["id"]
        order["fields"]["csrf_token"] = visitor.token()
        order["cookie"] = visitor.cookie_header()
    tell(order["fields"]["cart_id"])
    request = Request.blank("/checkout", POST=order["fields"], headers={"Cookie": order["cookie"]})
    steps = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == order["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    response = request.get_response(shop)
    sys.setprofile(None)
    assert response.status_int == 303, response.text
    tell(steps)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        shop = opened(order["strategy"], order["database"], tuple(order["settings"].items()))
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            submit(shop, order, partial(write_line, writer))
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as told:
            cart, *steps = (json.loads(line) for line in told)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": status, "cart": cart, "steps": sum(steps)}), flush=True)


def write_line(writer: int, told: Any) -> None:
    os.write(writer, (json.dumps(told) + "\n").encode())


if __name__ == "__main__":
    main()
