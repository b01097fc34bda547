"""A form that was opened before the login is sent after it."""

from typing import Any

from pyramid.csrf import BadCSRFToken

from demoapp.front.csrf import CookieByScheme
from demoapp.lessons.labs.bench import Bench, Observation
from demoapp.lessons.labs.views import TEMPLATE, page
from demoapp.shop import security
from demoapp.shop.forms import one
from demoapp.shop.strategies import NAMES


def send(bench: Bench) -> None:
    """The form was accepted, or nobody would have come here."""
    bench.notes["status"] = 303


ACTIONS = {"send": send}
NEXT = {"": ("send",), "send": ("send",)}
RAN = dict.fromkeys(NAMES, (security.begin, CookieByScheme.check_csrf_token))


def observe(bench: Bench) -> Observation:
    status = bench.notes["status"]
    return Observation("refused" if status == 400 else "accepted", {"status": status})


def stale_form(error: Any, request: Any) -> dict[str, Any]:
    """The real refusal, which comes before any view, of a real stale token becomes the page."""
    bench = Bench(request)
    request.response.status_int = 400
    bench.notes.update(status=400, step="send", prediction=one(request, "prediction"))
    return page(bench)


def includeme(config: Any) -> None:
    config.add_exception_view(
        stale_form,
        context=BadCSRFToken,
        route_name="lab",
        match_param="name=csrf-tabs",
        renderer=TEMPLATE,
    )
