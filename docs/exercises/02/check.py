from visitor import Visitor, in_a_cookie, ours, pyramids, same, site


def check(answer):
    for sessions in (ours, in_a_cookie, pyramids):
        visitor = Visitor(site(sessions, answer, "begin", "add", "look"))
        visitor.get("/begin")
        visitor.get("/add")
        visitor.get("/add")
        same(f"{sessions.__name__}: /look", visitor.read("/look"), "teas: 2")
