"""/probe/who: which process answers, and what it believes about the visitor. For tests alone."""

import os
from typing import Any


def who(request: Any) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "address": request.remote_addr,
        "url": request.url,
        "headers": sorted(name for name in request.headers if "Forwarded" in name),
    }


def includeme(config: Any) -> None:
    config.add_route("probe_who", "/probe/who")
    config.add_view(who, route_name="probe_who", renderer="json")
