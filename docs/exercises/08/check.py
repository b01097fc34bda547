import socket

from visitor import SECRET, Red, Visitor, same


def check(answer):
    with socket.socket() as nobody:  # a port at which nobody answers, and nobody else will
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"
        settings = {"session.strategy": "redis", "session.redis.url": url}
        visitor = Visitor(answer.main({**settings, "session.secret": SECRET}))
        visitor.cookies["session"] = "A" * 43
        same("/teas", visitor.get("/teas").status_int, 200)
        refused = visitor.get("/cart")
        same("/cart", refused.status_int, 503)
        if not refused.text.strip():
            raise Red("/cart: nothing to read")
