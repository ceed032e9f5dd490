"""The evaluator beside a publication: which rows does only one of the two have?"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from oracle import marts, more_marts
from oracle.assessment import rpt_rule_assessment
from oracle.evaluate import Evaluation
from oracle.random_markets import Landing

POSITION_DAYS = 40

COUNTED: dict[str, Callable[[Evaluation], list[marts.MartRow]]] = {
    "fct_exception": marts.fct_exception,
    "dim_participant": marts.dim_participant,
    "dim_metering_point": marts.dim_metering_point,
    "fct_holding": marts.fct_holding,
    "fct_regime": marts.fct_regime,
    "fct_approval": marts.fct_approval,
    "fct_stage": marts.fct_stage,
    "fct_qualification": marts.fct_qualification,
    "rpt_supplier_readiness": marts.rpt_supplier_readiness,
    "rpt_daily_position": lambda evaluation: marts.rpt_daily_position(evaluation, POSITION_DAYS),
    "rpt_daily_flow": lambda evaluation: more_marts.rpt_daily_flow(evaluation, POSITION_DAYS),
    "fct_migration": more_marts.fct_migration,
    "fct_appointment": more_marts.fct_appointment,
    "rpt_agent_readiness": more_marts.rpt_agent_readiness,
    "rpt_dno_readiness": more_marts.rpt_dno_readiness,
    "rpt_tranche_progress": more_marts.rpt_tranche_progress,
    "rpt_rule_assessment": rpt_rule_assessment,
    "rpt_m14_headline": lambda evaluation: [marts.rpt_m14_headline(evaluation)],
}


@dataclass(frozen=True)
class Difference:
    """A row that only the evaluator or only the warehouse has."""

    mart: str
    side: str
    row: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        values = ", ".join(f"{name}={value}" for name, value in self.row)
        return f"{self.mart}, {self.side} only: {values}"


def differences(evaluation: Evaluation, publication: Path) -> list[Difference]:
    """Every mart of `COUNTED`, row by row, in the columns that the evaluator knows."""
    found = []
    with duckdb.connect(str(publication), read_only=True) as connection:
        for mart, count in COUNTED.items():
            counted = Counter(_plain(row) for row in count(evaluation))
            published = Counter(_published(connection, mart, evaluation, counted))
            for side, rows in (
                ("evaluator", counted - published),
                ("warehouse", published - counted),
            ):
                found += [Difference(mart, side, row) for row in sorted(rows, key=str)]
    return found


def _published(
    connection: duckdb.DuckDBPyConnection,
    mart: str,
    evaluation: Evaluation,
    counted: Counter[tuple[tuple[str, Any], ...]],
) -> list[tuple[tuple[str, Any], ...]]:
    names = [name for name, _ in next(iter(counted))] if counted else ["*"]
    query = f"select {', '.join(names)} from marts.{mart}"
    if mart in ("rpt_daily_position", "rpt_daily_flow"):
        first = date.fromordinal(evaluation.market.as_of - POSITION_DAYS + 1)
        query += f" where date_day >= date '{first}'"
    relation = connection.execute(query)
    columns = [column[0] for column in relation.description]
    return [_plain(dict(zip(columns, row, strict=True))) for row in relation.fetchall()]


def _plain(row: marts.MartRow) -> tuple[tuple[str, Any], ...]:
    """MPANs as 13 digits; numbers as floats of nine places, so that a share equals itself."""
    return tuple((name, _value(name, value)) for name, value in row.items())


def _value(name: str, value: Any) -> Any:
    if name == "mpan" and isinstance(value, int):
        return f"{value:013d}"
    return round(float(value), 9) if isinstance(value, float | Decimal) else value


def write_landing(landing: Landing, folder: Path, as_of: date) -> None:
    """One full per extract, of the as-of day."""
    for extract, rows in landing.items():
        columns = list(dict.fromkeys(name for row in rows for name in row))
        path = folder / extract / f"{extract}_full_{as_of:%Y%m%d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
