from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from visitor import Visitor, ours, pyramids, same, site


def check(answer):
    found = []

    def remember(request):
        answer.remember(request.session)
        return ""

    def since(request):
        found.append(answer.since(request.session))
        return ""

    pages = SimpleNamespace(remember=remember, since=since)
    for sessions in (ours, pyramids):
        visitor = Visitor(site(sessions, pages, "remember", "since"))
        visitor.get("/remember")
        visitor.get("/since")
        time = found.pop()
        same("since() returns a", type(time).__name__, "datetime")
        same("its time zone", time.tzinfo and time.utcoffset(), timedelta(0))
        same("it is now", abs(datetime.now(UTC) - time) < timedelta(minutes=1), True)
