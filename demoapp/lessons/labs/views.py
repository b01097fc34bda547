"""/labs: the list of experiments, and each one's page."""

from contextlib import nullcontext
from typing import Any

from pyramid.csrf import BadCSRFToken
from pyramid.httpexceptions import HTTPNotFound
from pyramid.view import exception_view_config, view_config

from demoapp.i18n import _
from demoapp.lessons.content import content
from demoapp.lessons.labs.bench import NAMES, Bench
from demoapp.lessons.labs.crowd import place
from demoapp.lessons.labs.expire import seconds_left
from demoapp.sessions import STRATEGIES
from demoapp.settings import teaches
from demoapp.shop.forms import one

TEMPLATE = "demoapp:templates/lab.pt"


@view_config(route_name="labs", request_method="GET", renderer="demoapp:templates/labs.pt")
def labs(request: Any) -> dict[str, Any]:
    if not teaches(request.registry.settings):
        raise HTTPNotFound(_("There are no labs here."))
    texts = content("labs", request.locale_name)
    return {"labs": [{"name": name, **texts[name]} for name in NAMES]}


@view_config(route_name="lab", request_method="GET", renderer=TEMPLATE)
def lab(request: Any) -> dict[str, Any]:
    return page(Bench(request))


@view_config(route_name="lab", request_method="POST")
def act(request: Any) -> Any:
    bench, action = Bench(request), one(request, "action")
    # what is not a step is quick, and may be asked for from inside of one
    with place() if action in bench.module.ACTIONS else nullcontext():
        return bench.act(action, one(request, "prediction"))


@exception_view_config(
    BadCSRFToken, route_name="lab", match_param="name=csrf-tabs", renderer=TEMPLATE
)
def stale_form(error: Any, request: Any) -> dict[str, Any]:
    """The real refusal of a real stale token is what this lab is there to show."""
    bench = Bench(request)
    request.response.status_int = 400
    bench.notes.update(status=400, step="send", prediction=one(request, "prediction"))
    return page(bench)


def page(bench: Bench) -> dict[str, Any]:
    texts = bench.texts
    seen = bench.module.observe(bench) if bench.notes else None
    outcomes = texts["outcome"]
    return {
        "name": bench.name,
        "lab": texts,
        "steps": [filled_in(bench, step) for step in texts["steps"]],
        "actions": [(action, texts["action"][action]) for action in bench.offered],
        "elsewhere": bench.elsewhere,
        "ours": bench.ours,
        "predicted": outcomes.get(bench.notes.get("prediction")),
        "begun": bool(bench.notes),
        "rows": [(texts["label"].get(k, k), v) for k, v in seen.rows.items()] if seen else [],
        "observed": outcomes[seen.outcome] if seen and seen.outcome else None,
        "expected": [outcomes[name] for name in bench.expected],
        "as_expected": bool(seen and seen.outcome in bench.expected),
        "right": bool(seen and seen.outcome == bench.notes.get("prediction")),
        "all_expected": [
            (name, [outcomes[o] for o in bench.expected_of(name)]) for name in STRATEGIES
        ],
        "seconds_left": seconds_left(bench) if bench.name == "expire" else None,
    }


def filled_in(bench: Bench, step: Any) -> dict[str, str]:
    """A step of the instructions, with commands for this very shop."""
    told: dict[str, str] = {"text": step} if isinstance(step, str) else dict(step)
    host = bench.request.host
    for name, value in {
        "strategy": bench.strategy,
        "other_strategy": "database" if bench.strategy == "memory" else "memory",
        "host": host.rpartition(":")[0] if ":" in host else host,
        "other_port": "6543" if host.endswith(":6544") else "6544",
    }.items():
        if "command" in told:
            told["command"] = told["command"].replace(f"{{{name}}}", value)
    return told
