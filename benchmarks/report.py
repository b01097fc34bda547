"""What is wanted, what came out, and how it is shown: a table and a plot."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.contenders import LEAST

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PEERS = {
    "memory: memory": "memory: beaker memory",
    "redis: redis": "redis: pyramid_session_redis",
    "cookie: custom": "cookie: SignedCookieSessionFactory",
    "sqlite: database": "sqlite: beaker",
    "postgresql: database": "postgresql: beaker",
}
"""Each of ours, and the best of the others that keeps sessions in the same place."""
FLOORS = {ours: f"{ours.partition(':')[0]}: {LEAST}" for ours in PEERS}
FLOORS["cookie: custom"] = PEERS["cookie: custom"]  # which custom runs, as it is
"""Each of ours, and the least that it could cost there (floors.py)."""
TIME = {
    "memory: memory": (0.90, 0.90),
    "redis: redis": (0.65, 0.85),
    "cookie: custom": (0.75, 0.95),
    "sqlite: database": (0.12, 0.25),
    "postgresql: database": (0.20, 0.60),
}
"""Read and add, in process: at most so much of the peer's time."""
RATE = {
    "memory: memory": (1.10, 1.05),
    "redis: redis": (1.40, 1.20),
    "cookie: custom": (1.15, 1.00),
    "sqlite: database": (5.0, 2.2),
    "postgresql: database": (2.5, 1.5),
}
"""Read and add, under waitress: at least so many times the peer's answers a second."""
UNTOUCHED = 1.05
BYTES = {"redis: redis": 650, "postgresql: database": 600, "sqlite: database": 560}


@dataclass(frozen=True)
class Target:
    what: str
    found: float
    wanted: float
    why: str
    """Where words.toml says what ours pays for beyond the least."""
    floor: float | None = None
    """What the least of floors.py reaches."""
    more_is_better: bool = False

    def reached_by(self, figure: float) -> bool:
        return figure >= self.wanted if self.more_is_better else figure <= self.wanted

    @property
    def met(self) -> bool:
        return self.reached_by(self.found)

    def told(self, words: dict[str, Any]) -> str:
        """Met; or missed, and why."""
        if self.met:
            return str(words["met"])
        if self.floor is not None and not self.reached_by(self.floor):
            return str(words["missed_by_all"])
        return f"{words['missed']}: {words['why'][self.why]}"


def targets(result: dict[str, Any]) -> Iterator[Target]:
    times, rates = result["in_process"], result["under_load"]
    without = times["none: none"]["untouched"]["median"]
    for ours, peer in PEERS.items():
        store, floor = ours.partition(":")[0], FLOORS[ours]
        found = times[ours]["untouched"]["median"] / without
        yield Target(f"{ours}, untouched, to no session", found, UNTOUCHED, "untouched", 1.0)
        for act, most in zip(("read", "add"), TIME[ours], strict=True):
            found, least = (
                times[one][act]["median"] / times[peer][act]["median"] for one in (ours, floor)
            )
            yield Target(f"{ours}, {act}, time", found, most, store, least)
        for act, fewest in zip(("read", "add"), RATE[ours], strict=True):
            found, least = (rates[one][act] / rates[peer][act] for one in (ours, floor))
            yield Target(f"{ours}, {act}, rate", found, fewest, store, least, more_is_better=True)
    for name, most in BYTES.items():
        yield Target(
            f"{name}, bytes a session", result["bytes"][name]["bytes"], most, name.partition(":")[0]
        )


def lines(result: dict[str, Any]) -> Iterator[str]:
    for target in targets(result):
        least = "" if target.floor is None else f"the least {target.floor:.2f}"
        yield (
            f"{target.what:45} {target.found:8.2f}   wanted {target.wanted:<5g} {least:16}"
            f"{target.told(WORDS['en'])}"
        )


WORDS: dict[str, dict[str, Any]] = tomllib.loads(
    (ROOT / "benchmarks" / "words.toml").read_text(encoding="utf-8")
)


def save(result: dict[str, Any]) -> list[Path]:
    texts = {
        DOCS / "benchmarks.json": json.dumps(result, indent=1) + "\n",
        DOCS / "img" / "benchmark.svg": plots.ratios(result["in_process"], PEERS),
        DOCS / "img" / "benchmark-growth.svg": plots.growth(result["growth"]),
    }
    for language, words in WORDS.items():
        texts[DOCS / language / "benchmarks.md"] = "\n".join(_page(result, words)) + "\n"
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _page(result: dict[str, Any], words: dict[str, Any]) -> Iterator[str]:
    yield f"---\ntitle: {words['title']}\norder: 204\n---\n\n# {words['title']}\n"
    yield f"{words['how']}\n\n![{words['plot']}](../img/benchmark.svg)\n"
    yield f"{result['measured']}, {result['machine']}: " + ", ".join(
        f"{name} {version}" for name, version in result["versions"].items()
    )
    kept = {name: one["kept"] for name, one in result["kept"].items()}
    most = max(kept[name] for name in kept if name not in PEERS and LEAST not in name)
    ours = min(kept[name] for name in PEERS if name != "cookie: custom")
    choose = words["choose"].format(most=most, ours=ours)
    yield f"\n## {words['choose_title']}\n\n{choose}\n"
    yield f"## {words['one']}\n\n{words['one_how']}\n"
    yield f"{words['head']}\n|---|--:|--:|--:|---|--:|"
    for name, acts in result["in_process"].items():
        cells = [_cell(acts.get(act)) for act in ("untouched", "read", "add")]
        rates = result["under_load"].get(name)
        pair = f"{rates['read']:.0f} / {rates['add']:.0f}" if rates else ""
        counted = result["trips"].get(name)
        trips = "; ".join(_told(counted[act]) for act in ("read", "add")) if counted else ""
        yield f"| {name} | {' | '.join(cells)} | {trips} | {pair} |"
    yield f"\n## {words['kept']}\n\n{words['kept_how']}\n"
    yield f"{words['kept_head']}\n|---|--:|--:|--:|--:|--:|"
    for name, one in result["kept"].items():
        yield (
            f"| {name} | {one['kept']} | {one['answered']} | {one['replays']} | {one['seconds']} "
            f"| {one['p99_ms']} |"
        )
    yield f"\n## {words['growth']}\n\n![{words['growth_plot']}](../img/benchmark-growth.svg)\n"
    for part, found in result["growth"].items():
        columns = list(next(iter(found.values())))
        yield f"{words[part]}\n"
        yield f"| | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}"
        for name, values in found.items():
            yield f"| {name} | {' | '.join(_pair(values[column]) for column in columns)} |"
        yield ""
    yield f"## {words['wanted']}\n"
    yield f"{words['wanted_how']}\n\n{words['wanted_head']}\n|---|--:|--:|--:|---|"
    for one in targets(result):
        least = "" if one.floor is None else f"{one.floor:.2f}"
        yield f"| {one.what} | {one.found:.2f} | {least} | {one.wanted:g} | {one.told(words)} |"


def _cell(value: dict[str, float] | None) -> str:
    return f"{value['median']:.0f} ({value['low']:.0f}–{value['high']:.0f})" if value else ""


def _told(counted: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counted.items()) or "0"


def _pair(values: dict[str, Any]) -> str:
    if "read" in values:
        return f"{values['read']:.0f} / {values['add']:.0f}"
    return f"{values['seconds']} s, p99 {values['p99_ms']:.0f} ms"
