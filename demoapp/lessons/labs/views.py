"""/labs: the list of experiments, and each one's page."""

from contextlib import nullcontext
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import FileResponse
from pyramid.view import view_config

from demoapp.i18n import _
from demoapp.lessons.labs.bench import Bench, asked_for
from demoapp.lessons.labs.crowd import place
from demoapp.sessions import STRATEGIES
from demoapp.shop.forms import one

TEMPLATE = "demoapp:templates/lab.pt"
HOUR = 3600


@view_config(route_name="labs", request_method="GET", renderer="demoapp:templates/labs.pt")
def labs(request: Any) -> dict[str, Any]:
    found = request.registry["labs"]
    if not found:
        raise HTTPNotFound(_("There are no labs here."))
    return {
        "labs": [{"name": name, **lab.texts(request.locale_name)} for name, lab in found.items()]
    }


@view_config(route_name="lab_picture", request_method="GET", compressed=True)
def picture(request: Any) -> Any:
    return FileResponse(str(asked_for(request).picture), request, cache_max_age=HOUR)


@view_config(route_name="lab", request_method="GET", renderer=TEMPLATE)
def lab(request: Any) -> dict[str, Any]:
    return page(Bench(request))


@view_config(route_name="lab", request_method="POST")
def act(request: Any) -> Any:
    bench, action = Bench(request), one(request, "action")
    # what is not a step is quick, and may be asked for from inside of one
    with place() if action in bench.module.ACTIONS else nullcontext():
        return bench.act(action, one(request, "prediction"))


def page(bench: Bench) -> dict[str, Any]:
    """What the template shows; that of the lab itself, if it has one."""
    texts = bench.texts
    if bench.lab.page:
        bench.request.override_renderer = str(bench.lab.page)
    seen = bench.module.observe(bench) if bench.notes else None
    outcomes = texts["outcome"]
    return {
        "bench": bench,
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
