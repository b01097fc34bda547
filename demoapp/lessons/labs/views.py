"""/labs: the list of experiments, and each one's page."""

from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import FileResponse
from pyramid.view import view_config

from demoapp.assets import MONTH
from demoapp.i18n import _
from demoapp.lessons.labs.bench import Bench, Observation, asked_for
from demoapp.lessons.labs.notes import Notes, Progress
from demoapp.lessons.labs.steps import steps
from demoapp.lessons.quoting import quoted
from demoapp.shop.forms import one
from demoapp.shop.strategies import NAMES

TEMPLATE = "demoapp:templates/lab.pt"
PICTURE, SCRIPT = LOADED = ("picture.svg", "script.js")
NEEDS = {
    "terminal": _("needs a terminal"),
    "login": _("needs a login"),
    "tabs": _("needs a second tab"),
    "window": _("needs a private window"),
}
"""What lab.toml says is needed, in words."""


@view_config(route_name="labs", request_method="GET", renderer="demoapp:templates/labs.pt")
def labs(request: Any) -> dict[str, Any]:
    if not request.registry["labs"]:
        raise HTTPNotFound(_("There are no labs here."))
    told = listed(request, Progress(request), Notes(request).get("lab"))
    done = sum(lab["state"] in ("done", "hit", "miss") for lab in told)
    return {"labs": told, "needs": NEEDS, "done": done}


def listed(request: Any, progress: Progress, begun: str | None) -> list[dict[str, Any]]:
    """Every lab, and how far the visitor has come with it: `next` is the first not yet done."""
    states = {None: "done", True: "hit", False: "miss"}
    told: list[dict[str, Any]] = []
    for name, lab in request.registry["labs"].items():
        state = states[progress[name]] if name in progress else "begun" if name == begun else ""
        if not state and not any(other["state"] == "next" for other in told):
            state = "next"
        picture = lab.address(request, PICTURE)
        texts = {"needs": (), **lab.texts(request.locale_name)}
        told.append({**texts, "name": name, "state": state, "picture": picture})
    return told


@view_config(route_name="lab_file", request_method="GET", compressed=True)
def file(request: Any) -> Any:
    """What the pages load out of the folder of a lab."""
    name, folder = request.matchdict["file"], asked_for(request).folder
    if name not in LOADED or not (folder / name).is_file():
        raise HTTPNotFound
    return FileResponse(str(folder / name), request, cache_max_age=MONTH)


@view_config(route_name="lab", request_method="GET", renderer=TEMPLATE)
def lab(request: Any) -> dict[str, Any]:
    return page(Bench(request))


@view_config(route_name="lab", request_method="POST")
def act(request: Any) -> Any:
    bench, action = Bench(request), one(request, "action")
    return bench.act(action, one(request, "prediction"))


def page(bench: Bench) -> dict[str, Any]:
    """What the template shows; that of the lab itself, if it has one."""
    texts, request = bench.texts, bench.request
    if bench.lab.page:
        request.override_renderer = str(bench.lab.page)
    seen = bench.module.observe(bench) if bench.notes else None
    prediction = bench.notes.get("prediction")
    progress = Progress(request)
    if seen and seen.outcome:
        progress.done(request, bench.name, prediction == seen.outcome if prediction else None)
    told = listed(request, progress, bench.name if bench.notes else None)
    number = list(request.registry["labs"]).index(bench.name)
    return {
        "bench": bench,
        "name": bench.name,
        "lab": {"needs": (), "more": "", **texts},
        "picture": bench.lab.address(request, PICTURE),
        "script": bench.lab.address(request, SCRIPT),
        "labs": told,
        "needs": NEEDS,
        "number": number + 1,
        "after": told[(number + 1) % len(told)],
        "steps": steps(bench),
        "elsewhere": bench.elsewhere,
        "ours": bench.ours,
        "predicted": texts["outcome"].get(prediction),
        "begun": bool(bench.notes),
        "quotes": [quoted(function) for function in bench.ran],
        **verdict(bench, seen),
    }


def verdict(bench: Bench, seen: Observation | None) -> dict[str, Any]:
    """What was observed, what the learner had predicted, and what is right for each strategy."""
    texts, outcome = bench.texts, seen.outcome if seen else None
    outcomes, labels = texts["outcome"], texts.get("label", {})
    return {
        "rows": [(labels.get(k, k), v) for k, v in seen.rows.items()] if seen else [],
        "observed": outcomes[outcome] if outcome else None,
        "right": bool(outcome) and outcome == bench.notes.get("prediction"),
        "expected": [outcomes[name] for name in bench.expected],
        "as_expected": outcome in bench.expected,
        "all_expected": [(name, [outcomes[o] for o in bench.expected_of(name)]) for name in NAMES],
    }
