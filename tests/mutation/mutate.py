"""Breaks the rules one small thing at a time, and asks which test notices.

    make mutate                      a sample of each model: unit tests, then random markets
    python tests/mutation/mutate.py --per-model 20 --markets 180

A mutant is one textual change of one model of the rules or of the interval algebra. First the unit
tests of the model and of what is built on it run; what survives them is put before the evaluator of
`tests/python/oracle` on random markets. The report names every survivor.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LANDING = PROJECT / "tests" / "golden" / "cases" / "agents" / "landing"
FOLDERS = (
    "models/intermediate",
    "models/marts/compliance",
    "models/marts/core",
    "models/marts/leadership",
)
MACROS = ("macros/intervals.sql", "macros/unqualified_reason.sql", "macros/days.sql")
AS_OF = "2026-06-30"

# What to look for, and what to put in its place.
OPERATORS = [
    (r" <= ", " < "),
    (r" >= ", " > "),
    (r" < ", " <= "),
    (r" > ", " >= "),
    (r" <> ", " = "),
    (r"(?<=\n) +and (?=[a-z{])", " or "),
    (r"\bnot (?=[a-z])", ""),
    (r" is not null", " is null"),
    (r" - 1\b", ""),
    (r" \+ 1\b", ""),
    (r"\bmin\(", "max("),
    (r"\bmax\(", "min("),
    (r"\bleast\(", "greatest("),
    (r"\bgreatest\(", "least("),
    (r"'ACTIVE'", "'PENDING'"),
    (r"'FORWARD'", "'REVERSE'"),
    (r"'MHHS'", "'LEGACY'"),
    (r"'OPEN'", "'CLOSED'"),
    (r"'BREACH'", "'WARNING'"),
    (r"'M14'", "'M15'"),
    (r"\bsemi join\b", "anti join"),
    (r"\banti join\b", "semi join"),
    (r"\barg_max\(", "arg_min("),
    (r"\n +and [a-z_.]+market_segment = [a-z_.]+market_segment", ""),
    (r"\n +and [a-z_.]*is_required\b", ""),
    (r"\bis_live\b", "true"),
    (r" desc\b", " asc"),
]


@dataclass(frozen=True)
class Mutant:
    """One change: the file, the line, what stood there and what was put in its place."""

    file: str
    line: int
    before: str
    after: str
    start: int
    end: int


WHOLE = Mutant("macros", 0, "", "", 0, 0)


@dataclass
class Verdict:
    """Whether something noticed, and what did: `unit tests`, `random markets`, or nothing."""

    mutant: Mutant
    killed_by: str | None


def mutants(root: Path, per_file: int, seed: int, only: str) -> Iterator[Mutant]:
    """A sample of the changes of every file, or of those whose path has `only` in it."""
    files = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.sql"))]
    for path in [*files, *(root / name for name in MACROS)]:
        if only not in str(path.relative_to(root)):
            continue
        text = path.read_text("utf-8")
        found = [
            Mutant(
                str(path.relative_to(root)),
                text.count("\n", 0, match.start()) + 1 + match[0].startswith("\n"),
                match[0].strip(),
                match.expand(after).strip(),
                match.start(),
                match.end(),
            )
            for pattern, after in OPERATORS
            for match in re.finditer(pattern, text)
            if not _in_comment(text, match.start())
        ]
        random.Random(f"{seed} {path.name}").shuffle(found)
        yield from sorted(found[:per_file], key=lambda mutant: mutant.start)


def _in_comment(text: str, place: int) -> bool:
    line = text[text.rfind("\n", 0, place) + 1 : place]
    opened, closed = text.rfind("{#", 0, place), text.rfind("#}", 0, place)
    return "--" in line or opened > closed


def mutate(root: Path, mutant: Mutant) -> None:
    path = root / mutant.file
    text = path.read_text("utf-8")
    before = text[mutant.start : mutant.end]
    lead, tail = re.match(r"\s*", before)[0], re.search(r"\s*$", before)[0]  # type: ignore[index]
    changed = lead + mutant.after + tail if mutant.after else (" " if lead or tail else "")
    path.write_text(text[: mutant.start] + changed + text[mutant.end :], "utf-8")


def unit_tests_notice(root: Path, mutant: Mutant, database: Path) -> bool:
    """Whether the model does not build, or a unit test of it or of what is built on it fails."""
    name = Path(mutant.file).stem
    chosen = "test_type:unit" if mutant.file.startswith("macros") else f"{name}+,test_type:unit"
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--quiet", "test"),
            *("--select", chosen, "--vars", json.dumps({"as_of": AS_OF})),
        ],
        cwd=root,
        env=os.environ
        | {"MHHS_BUILD_DATABASE": str(database), "DBT_LOG_PATH": str(root / "target")},
        capture_output=True,
        check=False,
    )
    return done.returncode != 0


def random_markets_notice(root: Path, markets: int) -> bool:
    """Whether golden cases and random markets differ from what the evaluator finds."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "tests/python/test_rules_random.py"],
        cwd=root,
        env=os.environ | {"MHHS_RANDOM_MARKETS": str(markets)},
        capture_output=True,
        check=False,
    )
    return done.returncode != 0


def run(per_file: int, seed: int, markets: int, only: str) -> list[Verdict]:
    """Every mutant of the sample, in a copy of the project."""
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="mhhs-mutate-") as name:
        root = Path(name) / "project"
        shutil.copytree(
            PROJECT,
            root,
            ignore=shutil.ignore_patterns(
                ".git", ".venv", "demo", "warehouse", "target", ".*cache"
            ),
        )
        warehouse = Path(name) / "warehouse"
        subprocess.run(
            [
                *(sys.executable, "-m", "pipeline", "run", "--landing", str(LANDING)),
                *("--warehouse", str(warehouse), "--as-of", AS_OF),
            ],
            cwd=root,
            check=True,
            capture_output=True,
        )
        database = warehouse / "build" / "mhhs.duckdb"
        sample = list(mutants(root, per_file, seed, only))
        _assert_sound(root, database)
        for number, mutant in enumerate(sample, start=1):
            whole = (root / mutant.file).read_text("utf-8")
            mutate(root, mutant)
            killed_by = "unit tests" if unit_tests_notice(root, mutant, database) else None
            if killed_by is None and markets and random_markets_notice(root, markets):
                killed_by = "random markets"
            (root / mutant.file).write_text(whole, "utf-8")
            verdicts.append(Verdict(mutant, killed_by))
            print(
                f"{number}/{len(sample)} {killed_by or 'SURVIVED'}: "
                f"{mutant.file}:{mutant.line} {mutant.before!r} -> {mutant.after!r}",
                flush=True,
            )
        _assert_sound(root, database)
    return verdicts


def _assert_sound(root: Path, database: Path) -> None:
    """Before and after: a project that fails by itself would pass for tests that notice."""
    if unit_tests_notice(root, WHOLE, database):
        sys.exit("Unit tests fail though nothing is broken: mend them first, no verdict holds.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-model", type=int, default=4, help="mutants of each file")
    parser.add_argument("--seed", type=int, default=1, help="another sample")
    parser.add_argument("--markets", type=int, default=120, help="random markets; 0 = none")
    parser.add_argument("--only", default="", help="files whose path has this in it")
    parser.add_argument("--json", type=Path, help="write every verdict here")
    options = parser.parse_args()
    verdicts = run(options.per_model, options.seed, options.markets, options.only)
    if options.json:
        options.json.write_text(json.dumps([asdict(verdict) for verdict in verdicts], indent=1))
    survivors = [verdict for verdict in verdicts if verdict.killed_by is None]
    for stage in ("unit tests", "random markets"):
        print(f"{sum(verdict.killed_by == stage for verdict in verdicts):>5} killed by {stage}")
    print(f"{len(survivors):>5} survived")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
