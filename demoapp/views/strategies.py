"""/strategies: the four compared, and each one explained."""

from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.view import view_config

from demoapp.i18n import _
from demoapp.sessions import STRATEGIES
from demoapp.teaching import content


@view_config(
    route_name="strategies", request_method="GET", renderer="demoapp:templates/strategies.pt"
)
def strategies(request: Any) -> dict[str, Any]:
    told = content("strategies", request.locale_name)
    rows = [
        {"question": question["text"], "cells": [cell(told[name], question) for name in STRATEGIES]}
        for question in told["question"]
    ]
    return {
        "strategies": [{"name": name, **told[name]} for name in STRATEGIES],
        "rows": rows,
        "current": request.registry["session.settings"].strategy,
    }


def cell(strategy: dict[str, Any], question: dict[str, str]) -> dict[str, str]:
    """An answer and what shows that it is true, if something can."""
    answer = strategy["answer"].get(question["id"], "–")
    return answer if isinstance(answer, dict) else {"text": answer}


@view_config(route_name="strategy", request_method="GET", renderer="demoapp:templates/strategy.pt")
def strategy(request: Any) -> dict[str, Any]:
    name = request.matchdict["name"]
    if name not in STRATEGIES:
        raise HTTPNotFound(_("There is no such strategy."))
    return {
        "strategy": {"name": name, **content("strategies", request.locale_name)[name]},
        "current": request.registry["session.settings"].strategy,
    }
