"""The two drawings of the benchmark's page, as SVG."""

from collections.abc import Iterator, Mapping
from math import floor, log10
from typing import Any
from xml.sax.saxutils import escape

COLOURS = {
    "memory: memory": "#8a6d1f",
    "redis: redis": "#b4532a",
    "sqlite: database": "#2f6d5c",
    "postgresql: database": "#41679b",
}
PANELS = {
    "sessions": ("sessions in the store", "µs"),
    "bytes": ("bytes in the session", "µs"),
    "clients": ("clients of one session", "ms, the slowest of 100"),
}
SIDE, GAP, TOP = 210, 60, 52


def ratios(times: dict[str, Any], peers: Mapping[str, str]) -> str:
    """Two bars for each of ours: its time as a share of its peer's, whose own is the line."""
    rows, scale, left = [], 300, 120
    for number, (ours, peer) in enumerate(peers.items()):
        top = 30 + number * 56
        rows.append(f'<text x="0" y="{top + 18}">{escape(ours.partition(":")[0])}</text>')
        rows.append(
            f'<text class="peer" x="0" y="{top + 34}">{escape(peer.partition(": ")[2])}</text>'
        )
        for turn, act in enumerate(("read", "add")):
            ratio = times[ours][act]["median"] / times[peer][act]["median"]
            y, length = top + turn * 20, min(ratio, 1.6) * scale
            rows.append(
                f'<rect class="{act}" x="{left + 60}" y="{y}" width="{length:.0f}" height="16"/>'
                f'<text x="{left + 66 + length:.0f}" y="{y + 13}">{act} {ratio:.2f}</text>'
            )
    line = left + 60 + scale
    height = 40 + len(peers) * 56
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 760 {height}">'
        "<title>Time of a request, as a share of the best other library's</title>"
        "<style>svg{font:13px system-ui,sans-serif;fill:#26251f}.peer{font-size:11px;opacity:.7}"
        ".read{fill:#2f6d5c}.add{fill:#b4532a}line{stroke:#8a8577;stroke-dasharray:4 4}"
        "@media(prefers-color-scheme:dark){svg{fill:#ece6d8}}</style>"
        f'<line x1="{line}" y1="16" x2="{line}" y2="{height - 10}"/>'
        f'<text x="{line - 14}" y="12">1.0</text>' + "".join(rows) + "</svg>\n"
    )


def growth(parts: Mapping[str, Any]) -> str:
    """Three panels, both axes by powers of ten: what does not depend on the other is level."""
    drawn = [
        line
        for place, (part, words) in enumerate(PANELS.items())
        for line in _panel(44 + place * (SIDE + GAP), *words, parts[part])
    ]
    names = [(name.partition(":")[0], colour) for name, colour in COLOURS.items()]
    legend = "".join(
        f'<text x="{44 + place * 130}" y="16" style="fill:{colour}">{name}</text>'
        for place, (name, colour) in enumerate(names)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 850 320">'
        "<title>Time of a request as sessions, their bytes and their clients become more</title>"
        "<style>svg{font:12px system-ui,sans-serif;fill:#26251f}polyline{fill:none;stroke-width:2}"
        ".add{stroke-dasharray:5 3}path{stroke:#8a8577;fill:none}"
        "@media(prefers-color-scheme:dark){svg{fill:#ece6d8}}</style>"
        f'{legend}<text x="580" y="16">—— read   – – add</text>' + "".join(drawn) + "</svg>\n"
    )


def _panel(left: int, what: str, unit: str, found: Mapping[str, Any]) -> Iterator[str]:
    lines = list(_lines(found))
    across = [log10(x) for *_, points in lines for x, _ in points]
    up = [log10(y) for *_, points in lines for _, y in points]
    low, high = floor(min(up)), floor(max(up)) + 1
    begin, end = min(across), max(across)

    def at(x: float, y: float) -> str:
        right = left + (log10(x) - begin) / (end - begin) * SIDE
        return f"{right:.0f},{TOP + (high - log10(y)) / (high - low) * SIDE:.0f}"

    yield f'<text x="{left}" y="{TOP - 14}">{unit}</text>'
    yield f'<text x="{left}" y="{TOP + SIDE + 36}">{what}</text>'
    yield f'<path d="M{left} {TOP}v{SIDE}h{SIDE}"/>'
    for power in range(low, high + 1):
        y = at(10**begin, 10**power).partition(",")[2]
        yield f'<text x="{left - 6}" y="{y}" text-anchor="end">{10**power:g}</text>'
    for x in sorted({x for *_, points in lines for x, _ in points}):
        place = at(x, 10**low).partition(",")[0]
        yield f'<text x="{place}" y="{TOP + SIDE + 18}" text-anchor="middle">{_short(x)}</text>'
    for name, act, points in lines:
        told = " ".join(at(*point) for point in points)
        yield f'<polyline class="{act}" style="stroke:{COLOURS[name]}" points="{told}"/>'


def _lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str, list[tuple[int, float]]]]:
    for name, columns in found.items():
        for key in ("read", "add", "p99_ms"):
            if all(key in values for values in columns.values()):
                act = "read" if key == "read" else "add"
                yield name, act, [(int(x), values[key]) for x, values in columns.items()]


def _short(number: int) -> str:
    for unit, size in (("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number // size}{unit}"
    return str(number)
