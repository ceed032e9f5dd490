"""The page of a benchmark: every ratio against its goal, those not met first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

Cost = dict[str, Any]
NODES = 15
# The most that DuckDB may take of what another engine takes.
PEERS = {"polars": 1, "pandas": 1 / 2, "postgres": 1 / 5, "sqlite": 1 / 5}
NAMES = {
    "duckdb": "DuckDB by hand",
    "polars": "Polars",
    "pandas": "pandas",
    "postgres": "PostgreSQL",
    "sqlite": "SQLite",
}
SIZES = (2_000_000, 8_000_000, 32_000_000)  # that the goals speak of


@dataclass(frozen=True)
class Check:
    """One figure against its goal, which is the most that it may be."""

    what: str
    points: int
    found: float
    goal: float
    unit: str

    @property
    def met(self) -> bool:
        return self.found <= self.goal

    def line(self) -> str:
        verdict = "met" if self.met else f"**not met**, {self.found / self.goal:.1f} times the goal"
        return _row(
            self.what,
            f"{self.points:,}",
            f"{self.found:,.2f}{self.unit}",
            f"≤ {self.goal:,.2f}{self.unit}",
            verdict,
        )


def checks(sizes: Sequence[Cost]) -> list[Check]:
    found: list[Check] = []
    for size in sizes:
        points, full = size["points"], size["full"]
        if "older" in size:
            older = f"of {size['older']}"
            ratio = size["full_of_older"]
            found.append(Check(f"Full run, CPU, {older}", points, ratio, 0.7, ""))
            if "daily" in size:
                ratio = size["daily_of_older"]
                found.append(Check(f"Daily run, CPU, {older}", points, ratio, 0.75, ""))
        found += [
            Check("Load, CPU, in F", points, size["load_in_floor"], 3.5, " F"),
            Check("Peak memory of the full run", points, full["peak_bytes"] / 1e9, 5, " GB"),
            Check("Publication, bytes a Metering Point", points, full["bytes"] / points, 120, ""),
            Check(
                "One Metering Point found, wall",
                points,
                size["readers"]["asked"]["one Metering Point, all about it"]["wall"],
                100,
                " ms",
            ),
        ]
        if "spoilt" in size:
            ratio = size["spoilt"]["cpu"] / size["spoilt"]["floor"]
            what = "Load, CPU, in F, one row in a thousand spoilt"
            found.append(Check(what, points, ratio, 3.5, " F"))
        if "by_hand" in size:
            found.append(Check("dbt's own seconds", points, _own_of_dbt(size), 15, " s"))
        for peer, goal in PEERS.items():
            if "wall" in size.get("peers", {}).get(peer, {}):
                ratio = size["peers"]["duckdb"]["wall"] / size["peers"][peer]["wall"]
                what = f"The same rules in DuckDB, wall, of {NAMES[peer]}"
                found.append(Check(what, points, ratio, goal, ""))
        if "tight" in size:
            slower = size["tight"]["process_wall"] / full["process_wall"]
            what = f"Full run within memory_limit {size['tight']['limit']}, wall"
            found.append(Check(what, points, slower, 2, " of the default"))
    for small, large in pairwise(sizes):
        growth = large["points"] / small["points"]
        ratio = large["full"]["process_cpu"] / small["full"]["process_cpu"] / growth
        what = f"Growth of CPU from {small['points']:,}, of linear"
        found.append(Check(what, large["points"], ratio, 1.1, ""))
        memory = large["full"]["peak_bytes"] / small["full"]["peak_bytes"] / growth
        what = f"Growth of peak memory from {small['points']:,}, of linear"
        found.append(Check(what, large["points"], memory, 1, ""))
    return sorted(found, key=lambda check: (check.met, check.what, check.points))


def _own_of_dbt(size: Cost) -> float:
    """CPU of the build, less the same SQL by hand, less the unit tests by the clock, which are run
    once for each code."""
    full = size["full"]
    unit_tests = sum(s for n, s in full["nodes"].items() if full["kinds"].get(n) == "unit_test")
    return float(full["steps"]["build"]["cpu"] - size["by_hand"]["cpu"] - unit_tests)


def write_page(sizes: Sequence[Cost], path: Path) -> None:
    path.write_text("\n".join(_lines(sizes)).rstrip() + "\n", encoding="utf-8")


def _lines(sizes: Sequence[Cost]) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield (
        '`make bench SIZES="2 8"` simulates markets of so many million Metering Points, measures '
        "and writes this page. CPU seconds are user and system of the whole process; F, the floor, "
        "is one typed DuckDB parse of the same CSV files that counts every column; W is every mart "
        "written from memory into a new file. With `AGAINST=COMMIT` the full run and the day of an "
        "older commit take turns with ours: F and the machine drift apart from day to day, and the "
        "ratio of two runs of one round does not. The run of the median CPU stands here."
    )
    yield ""
    yield from _table(["goal", "points", "found", "goal is", "verdict"], "lrrrl")
    yield from (check.line() for check in checks(sizes))
    yield ""
    yield from _not_measured(sizes)
    yield ""
    yield "## Where it was measured"
    yield ""
    yield (
        "Load is that of the machine, others' work included, over a quarter of an hour when a size "
        "was done: beyond the number of cores wall clock says little, and CPU is dearer too."
    )
    yield ""
    yield from _table(["points", "rounds", "day", "code", "machine", "versions", "load"], "rrllllr")
    for size in sizes:
        on = size["machine"]
        yield _row(
            f"{size['points']:,}",
            str(size["rounds"]),
            on["measured_on"],
            on["code_version"],
            f"{on['cores']} cores of {on['processor']}, {on['memory_bytes'] / 1e9:.0f} GB, "
            f"{on['system']}",
            f"Python {on['python']}, "
            + ", ".join(f"{name} {number}" for name, number in on["packages"].items()),
            f"{on['load']:.0f}",
        )
    for size in sizes:
        yield from _size(size)


def _not_measured(sizes: Sequence[Cost]) -> Iterator[str]:
    missing = [f"{size:,}" for size in SIZES if size not in {found["points"] for found in sizes}]
    lines = [f"anything at {' and '.join(missing)} Metering Points"] if missing else []
    if not any("daily" in size for size in sizes):
        lines.append("a daily run")
    if not any("tight" in size for size in sizes):
        lines.append("a full run within 2 GB")
    if not any("older" in size for size in sizes):
        lines.append("the runs of an older commit")
    if not any("by_hand" in size for size in sizes):
        lines.append("dbt against the same SQL run by hand")
    peers = {
        name for size in sizes for name, cost in size.get("peers", {}).items() if "wall" in cost
    }
    lines += [f"the same rules in {NAMES[name]}" for name in PEERS if name not in peers]
    if lines:
        yield "Goals of which nothing is measured here: " + "; ".join(lines) + "."
    yield ""
    yield (
        "What was tried, and where the time goes: "
        "[speed of the build](decisions/0014-speed-of-the-build.md), "
        "[a day on top of the last](decisions/0015-a-day-on-top-of-the-last.md)."
    )


def _size(size: Cost) -> Iterator[str]:
    full, floor = size["full"], size["floor"]
    yield ""
    yield f"## {size['points']:,} Metering Points"
    yield ""
    yield (
        f"{size['csv_bytes'] / 1e9:,.2f} GB of CSV in {full['files']} files; {full['models']} "
        f"models, {full['tests']} tests; a publication of {full['bytes'] / 1e6:,.1f} MB."
    )
    yield ""
    yield from _table(["step", "CPU s", "wall s", "in F"], "lrrr")
    yield _row("F", f"{floor['cpu']:,.2f}", f"{floor['wall']:,.2f}", "1.0")
    for name, cost in full["steps"].items():
        yield _cost(name, cost["cpu"], cost["wall"], floor["cpu"])
    yield _cost("**full run**", full["process_cpu"], full["process_wall"], floor["cpu"])
    if "by_hand" in size:
        hand = size["by_hand"]
        yield _cost("build's SQL by hand", hand["cpu"], hand["wall"], floor["cpu"])
    if "write" in size:
        written = size["write"]
        yield _cost(
            f"W, the {written['marts']} marts written",
            written["cpu"],
            written["wall"],
            floor["cpu"],
        )
        least = floor["cpu"] + written["cpu"]
        yield _cost("L, F and W", least, floor["wall"] + written["wall"], floor["cpu"])
    if "spoilt" in size:
        spoilt = size["spoilt"]
        what = "load, one row in a thousand spoilt"
        yield _cost(what, spoilt["cpu"], spoilt["wall"], spoilt["floor"])
    others = []
    if "older" in size:
        others.append((f"full run of {size['older']}", size["older_full"]))
        if "older_daily" in size:
            others.append((f"one more day of {size['older']}", size["older_daily"]))
    if "daily" in size:
        others.append(("one more day", size["daily"]))
    if "tight" in size:
        others.append((f"full run, memory_limit {size['tight']['limit']}", size["tight"]))
    for name, cost in others:
        yield _cost(name, cost["process_cpu"], cost["process_wall"], floor["cpu"])
    yield ""
    yield from _table(["memory", "peak GB", "spilled GB"], "lrr")
    for name, cost in [("full run", full), *others]:
        yield _row(name, f"{cost['peak_bytes'] / 1e9:.2f}", f"{cost['spill_bytes'] / 1e9:.2f}")
    yield ""
    yield from _table(["question of the dashboards, medians", "CPU ms", "wall ms"], "lrr")
    for name, asked in size["readers"]["asked"].items():
        yield _row(name, f"{asked['cpu']:,.1f}", f"{asked['wall']:,.1f}")
    yield ""
    yield from _table(["export of every exception", "rows", "MB", "CPU s", "wall s"], "lrrrr")
    for name, cost in size["exports"].items():
        megabytes = f"{cost['bytes'] / 1e6:,.1f}"
        seconds = (f"{cost['cpu']:.2f}", f"{cost['wall']:.2f}")
        yield _row(name, f"{cost['rows']:,}", megabytes, *seconds)
    if "peers" in size:
        yield from _peers(size["peers"])
    yield ""
    yield (
        "Nodes of the build, one at a time, by what they took on the wall; unit tests are run once "
        "for each code."
    )
    yield ""
    yield from _nodes(full)


def _peers(peers: Cost) -> Iterator[str]:
    yield ""
    yield (
        "Five rules from the same CSV files in other engines "
        "([scripts](../tests/bench/peers)), each in a process of its own, in turns; the round of "
        "the median by the clock. Answers are compared with the marts."
    )
    yield ""
    yield from _table(["engine", "wall s", "CPU s", "wall, of DuckDB's", "answers"], "lrrrl")
    for name, cost in peers.items():
        if "wall" in cost:
            times = cost["wall"] / peers["duckdb"]["wall"]
            seconds = (f"{cost['wall']:.2f}", f"{cost['cpu']:.2f}", f"{times:.1f}")
            yield _row(NAMES[name], *seconds, "equal" if cost["equal"] else "**differ**")
        else:
            yield _row(NAMES[name], "", "", "", f"failed: {cost['failed']}")


def _nodes(full: Cost) -> Iterator[str]:
    kinds = full["kinds"]
    seconds = sorted(full["nodes"].items(), key=lambda item: -item[1])
    totals: dict[str, list[float]] = {}
    for name, each in seconds:
        if name in kinds:  # exposures are nodes too, and do nothing
            totals.setdefault(kinds[name], []).append(each)
    yield from _table(["nodes", "how many", "s in all"], "lrr")
    for kind, each in totals.items():
        yield _row(kind, str(len(each)), f"{sum(each):,.1f}")
    yield ""
    yield from _table(["node", "s", "of the build"], "lrr")
    total = sum(full["nodes"].values())
    for name, each in seconds[:NODES]:
        yield _row(f"`{name}`", f"{each:.2f}", f"{each / total:.0%}")


def _cost(name: str, cpu: float, wall: float, floor: float) -> str:
    return _row(name, f"{cpu:,.2f}", f"{wall:,.2f}", f"{cpu / floor:.1f}")


def _table(names: Sequence[str], sides: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "|".join("---:" if side == "r" else "---" for side in sides) + "|"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
