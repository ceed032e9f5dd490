"""An invented market for tests: fictional Suppliers and the rows of every mart about them.

The figures agree with each other (the headline is the sum of its parts), and one name tries to be
a formula.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

PROJECT = Path(__file__).resolve().parent.parent
M11, M14, M15 = date(2025, 10, 22), date(2026, 10, 28), date(2027, 5, 7)
BEFORE, AFTER = date(2026, 10, 20), date(2026, 11, 10)
OPEN_END = date(9999, 12, 31)
FORMULA = '=HYPERLINK("x")'
BODIES = {
    "BSC_PAB": "BSC Performance Assurance Board",
    "REC_CM": "REC Code Manager",
    "DIP_MGR": "DIP Manager",
}
STAGES = ("PQS", "PIT", "QAD_INITIAL", "TESTING", "QAD_FINAL")
# By the id of an exception that is not new.
CHANGES = {0: "ESCALATED", 1: "EASED"}
GSP_GROUPS = ("_A", "_C", "_G", "_P")


@dataclass(frozen=True)
class Supplier:
    """One invented Supplier: when it is Qualified, or when it expects to be."""

    mpid: str
    name: str
    points: int
    tranche: str = "T1"
    qualified_from: date | None = None
    expected: date | None = None
    missing: tuple[str, ...] = tuple(BODIES)

    def is_qualified(self, day: date) -> bool:
        return self.qualified_from is not None and self.qualified_from <= day


def _market() -> list[Supplier]:
    names = "Alder Birch Cedar Dogwood Elm Fir Gorse Hazel Ivy Juniper Larch Maple Oak Pine Rowan"
    market = [
        Supplier(
            f"{name[:4].upper():X<4}",
            f"{name} Energy",
            points=9000 - 500 * position,
            tranche=f"T{1 + position // 5}",
            qualified_from=date(2025, 11, 3) + timedelta(days=22 * position),
        )
        for position, name in enumerate(names.split())
    ]
    return [
        *market,
        Supplier("SORB", "Sorbus Supply", 800, "T3", expected=date(2026, 10, 12)),
        Supplier("THRN", "Thorn Power", 650, "T3", date(2026, 11, 2), missing=("DIP_MGR",)),
        Supplier("WILL", "Willow Retail", 420, "T4", expected=date(2026, 12, 15)),
        Supplier("YEWX", "Yew Utilities", 260, "T4"),
        Supplier("HYPE", FORMULA, 90, "T4", expected=date(2026, 11, 30), missing=("REC_CM",)),
    ]


MARKET = _market()


def rows_of_marts(as_of: date) -> dict[str, list[dict[str, Any]]]:
    """The rows of each mart as known on a day; a mart that is not named has none."""
    readiness = [_readiness(supplier, as_of) for supplier in MARKET]
    exceptions = _exceptions(as_of)
    return {
        "dim_rule": _seed("rule"),
        "dim_milestone": [
            {"milestone": name, "milestone_date": day, "title": name, "baseline": "CR055"}
            for name, day in (("M11", M11), ("M14", M14), ("M15", M15))
        ],
        "rpt_supplier_readiness": readiness,
        "rpt_m14_headline": [_headline(readiness, exceptions, as_of)],
        "rpt_daily_position": _positions(as_of),
        "fct_qualification": [
            {
                "mpid": supplier.mpid,
                "market_role": "SUP",
                "market_segment": segment,
                "valid_from": supplier.qualified_from,
                "valid_to": OPEN_END,
            }
            for supplier in MARKET
            for segment in "SAU"
            if supplier.qualified_from
        ],
        "fct_stage": [row for supplier in MARKET for row in _stages(supplier, as_of)],
        "fct_approval": [row for supplier in MARKET for row in _approvals(supplier)],
        "fct_exception": exceptions,
        "rpt_exception_summary": _summary(exceptions),
        "rpt_load": [
            {
                "load_id": 1,
                "file": f"registration/registration_full_{as_of:%Y%m%d}.csv.gz",
                "extract": "registration",
                "kind": "full",
                "business_date": as_of,
                "outcome": "accepted",
                "lines": 50_000,
                "accepted": 49_990,
                "quarantined": 10,
                "repeated": 0,
                "noted": 1,
            }
        ],
        "fct_noted_value": [
            {
                "load_id": 1,
                "file": "x",
                "line": 20,
                "column_name": "connection_type",
                "reason": "BAD_VALUE",
                "value": "Z",
            }
        ],
        "fct_quarantined_row": [
            {"load_id": 1, "file": "x", "line": line, "reason": "VALUE"} for line in range(10)
        ],
    }


def _seed(name: str) -> list[dict[str, Any]]:
    with (PROJECT / f"seeds/rulebook/{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _expected(supplier: Supplier, as_of: date) -> date | None:
    return supplier.expected if supplier.qualified_from is None else supplier.qualified_from


def _readiness(supplier: Supplier, as_of: date) -> dict[str, Any]:
    qualified = supplier.is_qualified(as_of)
    expected = _expected(supplier, as_of)
    unqualified = 0 if qualified else supplier.points
    migrated = supplier.points * 3 // 4 if qualified else 0
    if qualified:
        status = "QUALIFIED"
    elif as_of >= M14:
        status = "MISSED"
    elif expected is None:
        status = "NO_PLAN"
    else:
        status = "LATE" if expected >= M14 else "AT_RISK"
    return {
        "mpid": supplier.mpid,
        "participant_name": supplier.name,
        "is_in_force": True,
        "is_qualified": qualified,
        "qualified_segments": "SAU" if qualified else None,
        "qualified_from": supplier.qualified_from if qualified else None,
        "readiness_status": status,
        "reason": None if qualified else "PARTIAL" if len(supplier.missing) < 3 else "NONE",
        "missing_approvals": None
        if qualified
        else ", ".join(sorted(BODIES[body] for body in supplier.missing)),
        "size_band": "large" if supplier.points > 3000 else "small",
        "tranche": supplier.tranche,
        "current_stage": "QAD_FINAL" if qualified else "TESTING",
        "next_stage": None if qualified else "QAD_FINAL",
        "next_due_on": None if qualified else expected,
        "overdue_stages": 0 if qualified or (expected and expected >= as_of) else 1,
        "planned_qualification_on": date(2026, 9, 1),
        "forecast_qualification_on": expected,
        "days_margin_to_m14": (M14 - expected).days if expected else None,
        "live_metering_points": supplier.points,
        "live_kwh": supplier.points * 3500,
        "points_not_qualified": unqualified,
        "kwh_not_qualified": unqualified * 3500,
        "migrated_points": migrated,
        "points_to_migrate": supplier.points - migrated,
        "needed_per_working_day": 4.5,
        "pace_per_working_day": 3.25,
        "open_breaches": unqualified if as_of >= M14 else 0,
    }


def _headline(
    readiness: list[dict[str, Any]], exceptions: list[dict[str, Any]], as_of: date
) -> dict[str, Any]:
    points = sum(row["live_metering_points"] for row in readiness)
    unqualified = sum(row["points_not_qualified"] for row in readiness)
    migrated = sum(row["migrated_points"] for row in readiness)
    breaches = [row for row in exceptions if (row["severity"], row["status"]) == ("BREACH", "OPEN")]
    return {
        "as_of": as_of,
        "m14_date": M14,
        "days_to_m14": (M14 - as_of).days,
        "suppliers": len(readiness),
        "suppliers_qualified": sum(row["is_qualified"] for row in readiness),
        "live_metering_points": points,
        "points_not_qualified": unqualified,
        "points_not_qualified_share": unqualified / points,
        "kwh": points * 3500,
        "kwh_not_qualified": unqualified * 3500,
        "kwh_not_qualified_share": unqualified / points,
        "migrated_points": migrated,
        "migrated_share": migrated / points,
        "migrated_kwh_share": migrated / points,
        "reverse_migrations_28_days": 37 if as_of < M14 else 4,
        "gained_not_qualified_28_days": 51,
        "open_breaches": len(breaches),
        "open_breach_points": len({row["mpan"] for row in breaches if row["mpan"]}),
    }


def _positions(as_of: date) -> list[dict[str, Any]]:
    rows = []
    first = M11 - timedelta(days=28)
    for supplier in MARKET:
        for step in range((as_of - first).days + 1):
            day = first + timedelta(days=step)
            qualified = supplier.is_qualified(day)
            total = supplier.points - (as_of - day).days // 3
            migrated = total * min(step, 300) // 400 if qualified else 0
            for regime, points in (("MHHS", migrated), ("LEGACY", total - migrated)):
                if points > 0:
                    rows.append(
                        {
                            "date_day": day,
                            "supplier_mpid": supplier.mpid,
                            "market_segment": "S",
                            "regime": regime,
                            "metering_points": points,
                            "annual_kwh": points * 3500,
                            "is_qualified": qualified,
                        }
                    )
    return rows


def _stages(supplier: Supplier, as_of: date) -> list[dict[str, Any]]:
    qualified = supplier.is_qualified(as_of)
    rows = []
    for order, stage in enumerate(STAGES, start=1):
        planned = date(2026, 1, 15) + timedelta(days=55 * order)
        last = stage == "QAD_FINAL"
        complete = qualified or order < 4
        rows.append(
            {
                "mpid": supplier.mpid,
                "market_role": "SUP",
                "stage": stage,
                "stage_order": order,
                "tranche": supplier.tranche,
                "planned_on": planned,
                "forecast_on": _expected(supplier, as_of) if last else planned,
                "completed_on": planned + timedelta(days=4) if complete else None,
                "days_late": 4 if complete else None,
                "is_overdue": not complete and planned < as_of,
                "evidence_reference": f"QAD-{supplier.mpid}-{order}" if complete else None,
            }
        )
    return rows


def _approvals(supplier: Supplier) -> list[dict[str, Any]]:
    day = supplier.qualified_from
    granted = [body for body in BODIES if day or body not in supplier.missing]
    return [
        {
            "mpid": supplier.mpid,
            "market_role": "SUP",
            "approval_body": body,
            "market_segment": segment,
            "effective_from": day or date(2026, 8, 3),
            "decision": "APPROVED",
            "is_granted": True,
            "is_required": True,
            "segments": "SAU",
            "valid_from": day or date(2026, 8, 3),
            "valid_to": OPEN_END,
        }
        for body in granted
        for segment in "SAU"
    ]


def _exceptions(as_of: date) -> list[dict[str, Any]]:
    after = as_of >= M14
    rows: list[dict[str, Any]] = []
    serial = 0
    for supplier in MARKET:
        if supplier.is_qualified(as_of):
            continue
        rows.append(
            _exception(
                supplier, as_of, "QAL-01", "BREACH" if after else "EXPOSURE", date(2026, 3, 2)
            )
        )
        for number in range(supplier.points):
            serial += 1
            rows.append(
                _exception(
                    supplier,
                    as_of,
                    "SUP-01",
                    "BREACH" if after else "EXPOSURE",
                    date(2025, 6, 1) + timedelta(days=number % 400),
                    mpan=f"{12_0000_0000_000 + serial if number % 2 else serial:013d}",
                    new=number % 40 == 0,
                )
            )
    gaining = replace(MARKET[-1])
    rows += [
        _exception(
            gaining,
            as_of,
            "SUP-03",
            "BREACH" if after else "WARNING",
            M14 + timedelta(days=number % 9),
            mpan=f"{990_000_000 + number:013d}",
            new=True,
        )
        for number in range(7)
    ]
    rows.append({**rows[-1], "exception_id": "f" * 32, "mpid": None, "participant_name": None})
    return rows


def _exception(
    supplier: Supplier,
    as_of: date,
    rule_id: str,
    severity: str,
    occurred_on: date,
    *,
    mpan: str | None = None,
    new: bool = False,
) -> dict[str, Any]:
    key = mpan or f"{supplier.mpid}|SUP"
    counted_from = None if severity == "EXPOSURE" else occurred_on
    if severity == "BREACH":
        counted_from = max(occurred_on, M14)
    is_due = counted_from is not None and counted_from <= as_of
    digest = hashlib.md5(f"{rule_id}|{key}|{occurred_on}".encode()).hexdigest()
    return {
        "exception_id": digest,
        "rule_id": rule_id,
        "severity": severity,
        "status": "OPEN",
        "subject_type": "METERING_POINT" if mpan else "PARTICIPANT",
        "subject_key": key,
        "mpan": mpan,
        "mpid": supplier.mpid,
        "market_role": "SUP",
        "participant_name": supplier.name,
        "reason_code": "PARTIAL" if len(supplier.missing) < 3 else "NONE",
        "reason_detail": f"{supplier.name} ({supplier.mpid}) holds it while not Qualified.",
        "occurred_on": occurred_on,
        "ended_on": None,
        "counted_from": counted_from,
        "days_open": (as_of - counted_from).days + 1 if counted_from and is_due else None,
        "market_segment": "SAU"[int(digest, 16) % 3] if mpan else None,
        "gsp_group_id": GSP_GROUPS[int(digest[:4], 16) % len(GSP_GROUPS)] if mpan else None,
        "is_domestic": bool(mpan),
        "annual_kwh": 3500 if mpan else None,
        "regime": "LEGACY" if mpan else None,
        "is_in_flight": False,
        "first_detected_on": as_of if new else min(as_of, BEFORE) - timedelta(days=3),
        "change_since_previous": "NEW" if new else CHANGES.get(int(digest, 16) % 11),
        "source_files": f"registration/registration_full_{as_of:%Y%m%d}.csv.gz",
        "as_of": as_of,
    }


def _summary(exceptions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    frame = pl.DataFrame(exceptions, infer_schema_length=None)
    return (
        frame.with_columns(pl.col("mpid").fill_null("-"))
        .group_by("rule_id", "severity", "status", "mpid")
        .agg(
            exceptions=pl.len(),
            metering_points=pl.col("mpan").n_unique() - pl.col("mpan").has_nulls().cast(pl.Int64),
            annual_kwh=pl.col("annual_kwh").sum(),
            oldest_on=pl.col("counted_from")
            .filter(pl.col("counted_from") <= pl.col("as_of"))
            .min(),
            new_since_previous=(pl.col("change_since_previous") == "NEW").sum(),
            escalated_since_previous=(pl.col("change_since_previous") == "ESCALATED").sum(),
            eased_since_previous=(pl.col("change_since_previous") == "EASED").sum(),
            resolved_since_previous=pl.when(pl.col("rule_id").first() == "SUP-01")
            .then(pl.lit(12))
            .otherwise(pl.lit(0)),
        )
        .to_dicts()
    )
