"""/strategies: the four compared, and each one explained."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.view import view_config

from demoapp.i18n import _
from demoapp.lessons.content import content
from demoapp.lessons.strategies import figures
from demoapp.sessions import STRATEGIES

SOURCES = Path(__file__).resolve().parents[2]


@view_config(
    route_name="strategies", request_method="GET", renderer="demoapp:templates/strategies.pt"
)
def strategies(request: Any) -> dict[str, Any]:
    told = content("strategies", request.locale_name)
    measured, words = figures.load(request.registry.get("ini_file")), told["words"]
    shown = measured or figures.reference()
    current = request.registry["session.settings"].strategy
    return {
        "strategies": [SimpleNamespace(name=name, **told[name]) for name in STRATEGIES],
        "rows": [
            {
                "question": q["text"],
                "cells": [cell(told, name, q["id"], shown) for name in STRATEGIES],
                "reference": q["id"] == "measured" and shown and not measured,
            }
            for q in told["question"]
        ],
        "words": words,
        "plot": figures.plot(shown, words) if shown else None,
        "measured": words["measured_by"].format(**measured) if measured else None,
        "current": current,
        "picked": {current, "redis" if current != "redis" else "database"},
    }


def cell(
    told: dict[str, Any], name: str, question: str, found: dict[str, Any] | None
) -> dict[str, str]:
    """An answer and its proof: the test that shows it, or the measurement."""
    words = told["words"]
    if question == "measured":
        text = figures.in_short(found, name) if found else None
        missing = words["missing"] if found else words["not_measured"]
        return {"text": text or missing, "proof": ""}
    answer: dict[str, str] | str = told[name]["answer"][question]
    return answer if isinstance(answer, dict) else {"text": answer, "proof": ""}


@view_config(route_name="strategy", request_method="GET", renderer="demoapp:templates/strategy.pt")
def strategy(request: Any) -> dict[str, Any]:
    name = request.matchdict["name"]
    if name not in STRATEGIES:
        raise HTTPNotFound(_("There is no such strategy."))
    told = content("strategies", request.locale_name)
    found = SimpleNamespace(name=name, **{"library": (), **told[name]})
    return {
        "s": found,
        "steps": steps(found.step, told["words"]),
        "words": told["words"],
        "source": (SOURCES / found.source).read_text(encoding="utf-8").splitlines(),
        "current": request.registry["session.settings"].strategy,
    }


def steps(told: list[dict[str, str]], words: dict[str, str]) -> list[SimpleNamespace]:
    """Where each step of the diagram is drawn: downwards, with room for a heading."""
    drawn, y = [], 40
    for step in told:
        source, _arrow, target = step["lane"].partition(">")
        heading = words[step["trip"]] if "trip" in step else None
        y += 72 if heading else 38
        place = {"source": source, "target": target or source, "y": y, "heading": heading}
        drawn.append(SimpleNamespace(text=step["text"], **place))
    return drawn
