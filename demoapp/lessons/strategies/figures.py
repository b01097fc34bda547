"""The figures that demoapp-compare has measured on this machine, and their plot."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WORDS = {"title": "What a session costs", "read": "read", "change": "change", "missing": "missing"}
"""For the plot as a file; the page has its own, in two languages."""
ACTS = ("read", "change")
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.json"
"""What `make bench` has measured; in a checkout only."""
CONTENDERS = {
    "memory": "memory: memory",
    "redis": "redis: redis",
    "database": "sqlite: database",
    "custom": "cookie: custom",
}
"""The names of the four in that file."""

_STYLE = """<style>
  .plot { font: 14px system-ui, sans-serif; fill: #26251f; background: #fffdf8 }
  .plot .read { fill: #2f6d5c } .plot .change { fill: #b4532a }
</style>"""
_ROW, _BAR, _LONGEST, _WIDTH = 70, 18, 176, 280
"""A phone is 320 wide and its letters are not smaller for it."""


def folder(ini: str | None) -> Path:
    """Beside the ini file: where the code is, nobody may be allowed to write."""
    return (Path(ini).resolve().parent if ini else Path.cwd()) / "var" / "compare"


def load(ini: str | None) -> dict[str, Any] | None:
    """None until demoapp-compare has run; a file that is not one of ours counts as none."""
    try:
        text = (folder(ini) / "figures.json").read_text(encoding="utf-8")
        figures: dict[str, Any] = json.loads(text)
        plot(figures, WORDS)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return figures


def reference() -> dict[str, Any] | None:
    """The figures of the benchmarks, to be shown until demoapp-compare has run here."""
    try:
        found = json.loads(REFERENCE.read_text(encoding="utf-8"))["in_process"]
        return {
            "strategies": {
                name: {
                    "read": {"session_ms": found[contender]["read"]["median"] / 1000},
                    "change": {"session_ms": found[contender]["add"]["median"] / 1000},
                }
                for name, contender in CONTENDERS.items()
            }
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(figures: Mapping[str, Any], ini: str) -> list[Path]:
    """Write the figures as JSON and as a plot; returns where they are."""
    where = folder(ini)
    where.mkdir(parents=True, exist_ok=True)
    texts = {
        "figures.json": json.dumps(figures, indent=2) + "\n",
        "plot.svg": plot(figures, WORDS, _STYLE),
    }
    for name, text in texts.items():
        (where / name).write_text(text, encoding="utf-8")
    return [where / name for name in texts]


def in_short(figures: Mapping[str, Any], name: str) -> str | None:
    """`read / change` in milliseconds; None for a strategy that could not be measured."""
    measured = figures["strategies"].get(name, {})
    if not all(act in measured for act in ACTS):
        return None
    return " / ".join(f"{measured[act]['session_ms']:.2f}" for act in ACTS)


def plot(figures: Mapping[str, Any], words: Mapping[str, str], style: str = "") -> str:
    """Two bars a strategy, as SVG. Its colours come from the page's stylesheet or from `style`."""
    strategies = figures["strategies"]
    times = [m[act]["session_ms"] for m in strategies.values() for act in ACTS if act in m]
    scale = _LONGEST / max([*times, 0.001])
    rows = [
        line
        for position, (name, measured) in enumerate(strategies.items())
        for line in _row(position * _ROW + 8, str(name), measured, scale, words)
    ]
    head = (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {_WIDTH} {_ROW * len(strategies)}">'
    )
    return "\n".join([head, f"<title>{escape(words['title'])}</title>", style, *rows, "</svg>"])


def _row(
    top: int, name: str, measured: Mapping[str, Any], scale: float, words: Mapping[str, str]
) -> Iterator[str]:
    yield f'<text x="0" y="{top + 8}">{escape(name)}</text>'
    if not all(act in measured for act in ACTS):
        yield f'<text x="0" y="{top + 29}">{escape(words["missing"])}</text>'
        return
    for number, act in enumerate(ACTS):
        ms = float(measured[act]["session_ms"])
        y, length = top + 15 + number * (_BAR + 3), max(ms * scale, 1)
        label = f"{escape(words[act])} {ms:.2f} ms"
        yield f'<rect class="{act}" x="0" y="{y}" width="{length:.1f}" height="{_BAR}"/>'
        yield f'<text x="{length + 6:.1f}" y="{y + 13}">{label}</text>'
