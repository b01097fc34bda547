import tempfile
from types import SimpleNamespace

from visitor import SECRET, Red, Visitor, in_a_cookie, same, site


def check(answer):
    before = Visitor(site(in_a_cookie, SimpleNamespace(count=answer.count), "count"))
    same("before", [before.read("/count"), before.read("/count")], ["visit 1", "visit 2"])
    same("the secret", answer.SETTINGS["session.secret"], SECRET)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/sessions.sqlite"
        visitor = Visitor(answer.main({"sqlalchemy.url": url}), before.cookies)
        same("after", visitor.read("/"), "visit 3")
        if len(visitor.cookies["session"]) != 43:
            raise Red("the cookie still holds the session")
        same("a new visitor", Visitor(visitor.app).read("/"), "visit 1")
