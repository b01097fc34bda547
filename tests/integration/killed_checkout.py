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
from functools import partial
from typing import Any

from webob import Request

import tests.preloaded  # noqa: F401 - or each child would do it again, and count it as steps
from tests.shops import Visitor, open_shop


def submit(order: dict[str, Any], tell: Callable[[Any], None]) -> None:
    """In the child: tell the cart's id, then the number of steps that its checkout took."""
    shop = open_shop(order["strategy"], order["database"], order["settings"])
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
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            submit(json.loads(line), partial(write_line, writer))
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
