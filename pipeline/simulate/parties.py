"""The extracts of parties: participant, approval and stage."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipeline.contracts import EXTRACTS
from pipeline.simulate import days
from pipeline.simulate.cast import AGENTS, SUPPLIERS, Supplier
from pipeline.simulate.days import FOREVER, LONG_AGO, day
from pipeline.simulate.geography import DISTRIBUTOR_IDS, DISTRIBUTOR_MPIDS, DISTRIBUTOR_NAMES
from pipeline.simulate.qualification import Decision, distributor_qualified_from
from pipeline.simulate.randomness import Draws
from pipeline.simulate.versions import from_rows

Rows = list[dict[str, Any]]


def _iso(number: int | None) -> str | None:
    return None if number is None else days.to_date(number).isoformat()


def _columns(extract: str) -> tuple[str, ...]:
    return tuple(column.name for column in EXTRACTS[extract].columns)


def _known(start: int = LONG_AGO, end: int = FOREVER, deletes: bool = False) -> dict[str, Any]:
    return {"known_from": start, "known_to": end, "deletes": deletes}


def participants(draws: Draws) -> pl.DataFrame:
    """Versions of the extract participant."""
    rows: Rows = []

    def add(
        mpid: str,
        role: str,
        name: str,
        company: str,
        start: int,
        known: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        row = {
            "mpid": mpid,
            "market_role": role,
            "participant_name": name,
            "company_number": company,
            "dip_id": str(1_000_000_000 + draws.below(899_999_999, "dip", mpid)),
            "distributor_id": None,
            "effective_from": _iso(start),
            "effective_to": None,
        }
        rows.append(row | more | (known or _known()))

    for supplier in SUPPLIERS:
        if supplier.fate == "UNLISTED":
            continue
        start = day("2003-04-01") + draws.below(7000, "Supplier since", supplier.mpid)
        party = (supplier.mpid, "SUP", supplier.name, supplier.company, start)
        if supplier.fate == "LEFT":
            gone, told = day("2026-08-31"), day("2026-08-20")
            add(*party, _known(end=told))
            add(*party, _known(told), effective_to=_iso(gone))
        else:
            add(*party)
    for number, agent in enumerate(AGENTS):
        if agent.fate == "UNLISTED":
            continue
        for role, qualified_from in agent.roles.items():
            start = day("2025-09-01")
            if qualified_from and not agent.fate:
                start = max(start, day(qualified_from))
            known = _known(start - 5) if start > day("2025-09-01") else _known()
            add(agent.mpid, role, agent.name, f"{91000000 + 211 * number}", start, known)
    for index, mpid in enumerate(DISTRIBUTOR_MPIDS):
        name, company = DISTRIBUTOR_NAMES[index], f"{92000000 + 307 * index}"
        old = day("1998-04-01") if DISTRIBUTOR_IDS[index] <= 23 else day("2005-04-01") + 90 * index
        add(mpid, "LDSO", name, company, old, distributor_id=str(DISTRIBUTOR_IDS[index]))
        for role in ("REGS", "UMSO"):
            add(mpid, role, name, company, day("2025-06-01"))
    # Now and then a row is published too early and taken out again.
    for number in range(30):
        told = day("2025-12-10") + 25 * number
        start, known = day("2028-03-01") + number, _known(told, told + 3, deletes=True)
        add("ZOSP", "MDR", "Osprey Quay Energy", "90008083", start, known)
    return from_rows(rows, _columns("participant"))


def approvals(decisions: list[Decision]) -> pl.DataFrame:
    """Versions of the extract approval."""
    rows: Rows = [
        {
            "mpid": row.mpid,
            "market_role": row.role,
            "approval_body": row.body,
            "decision": row.decision,
            "segments": row.segments or None,
            "decided_on": _iso(row.decided_on),
            "effective_from": _iso(row.effective_from),
            "effective_to": _iso(row.effective_to),
            "reference": row.reference,
            **_known(row.decided_on, row.known_to, row.known_to < FOREVER),
        }
        for row in decisions
    ]
    return from_rows(rows, _columns("approval"))


STAGES = ("PQS", "PIT", "QAD_INITIAL", "TESTING", "QAD_FINAL")
# Days before Qualification on which a stage is usually completed.
_BEFORE = {"PIT": 225, "QAD_INITIAL": 165, "TESTING": 95, "QAD_FINAL": 58}


class _Road:
    """One party's road to Qualification in one role."""

    def __init__(self, draws: Draws, mpid: str, role: str, tranche: str) -> None:
        self.draws, self.mpid, self.role, self.tranche = draws, mpid, role, tranche
        self.rows: Rows = []
        reliance = draws.number("reliance", mpid, role) < 0.2
        late_route = "PLACING_RELIANCE" if reliance else "QT"
        self.route = "SIT" if tranche in ("T1", "T2") else late_route

    def stage(self, stage: str, planned: int, completed: int | None) -> None:
        """Versions of one stage: the forecast moves later until the stage is completed."""
        stop = min(completed or FOREVER, days.of(days.LATEST) + 60)
        known, forecast, turn = planned - 240, planned, 0
        while True:
            turn += 1
            moved = max(known + 1, forecast - 9 + self._below(8, stage, turn))
            if moved >= stop or (completed is not None and forecast >= completed):
                break
            self._version(stage, planned, forecast, None, known, moved)
            later = forecast + 14 + self._below(40, stage, "slip", turn)
            known = moved
            forecast = later if completed is None else min(later, max(completed, forecast))
        if completed is None:
            self._version(stage, planned, forecast, None, known, FOREVER)
        else:
            self._version(stage, planned, forecast, None, known, completed)
            self._version(stage, planned, completed, completed, completed, FOREVER)

    def _below(self, limit: int, *purpose: object) -> int:
        return self.draws.below(limit, "stage", self.mpid, self.role, *purpose)

    def _version(
        self, stage: str, planned: int, forecast: int, completed: int | None, start: int, end: int
    ) -> None:
        evidence = f"EV-{self.mpid}-{self.role}-{stage}" if completed is not None else None
        self.rows.append(
            {
                "mpid": self.mpid,
                "market_role": self.role,
                "stage": stage,
                "tranche": self.tranche,
                "test_route": self.route if stage in ("PIT", "TESTING") else None,
                "planned_on": _iso(planned),
                "forecast_on": _iso(forecast),
                "completed_on": _iso(completed),
                "evidence_reference": evidence,
                **_known(start, end),
            }
        )

    def to_qualification(self, qualified_from: int, done: int = len(STAGES)) -> Rows:
        """All stages, the first `done` of them completed in time for Qualification on a day."""
        for number, stage in enumerate(STAGES):
            if stage == "PQS":
                planned = day("2024-02-05") + self._below(80, stage)
                self.stage(stage, planned, planned + self._below(3, "PQS") * 7)
                continue
            target = qualified_from - _BEFORE[stage] + self._below(20, stage)
            late = self._below(100, stage, "late") > 40
            planned = target - (7 + self._below(90, stage, "by") if late else 0)
            self.stage(stage, planned, target if number < done else None)
        return self.rows


def _supplier_stages(draws: Draws, supplier: Supplier) -> Rows:
    road = _Road(draws, supplier.mpid, "SUP", supplier.tranche)
    done = {"NEVER": 1 if supplier.mpid == "ZOSP" else 3}.get(supplier.fate, len(STAGES))
    assumed = {"REJECTED": "2026-08-27", "DEFERRED": "2026-09-24"}.get(supplier.fate, "2026-10-01")
    return road.to_qualification(day(supplier.qualified_from or assumed), done)


def stages(draws: Draws) -> pl.DataFrame:
    """Versions of the extract stage."""
    rows: Rows = []
    for supplier in SUPPLIERS:
        if supplier.fate != "UNLISTED":
            rows += _supplier_stages(draws, supplier)
    for agent in AGENTS:
        for role, qualified_from in agent.roles.items():
            if agent.fate == "UNLISTED":
                continue
            tranche = "T1" if "" < qualified_from < "2025-11-01" else "T3"
            road = _Road(draws, agent.mpid, role, tranche)
            done = len(STAGES) if qualified_from else 2
            rows += road.to_qualification(day(qualified_from or "2026-09-01"), done)
    for index, mpid in enumerate(DISTRIBUTOR_MPIDS):
        for role in ("LDSO", "REGS", "UMSO"):
            road = _Road(draws, mpid, role, "T1" if DISTRIBUTOR_IDS[index] <= 23 else "T2")
            rows += road.to_qualification(distributor_qualified_from(draws, index))
    return from_rows(rows, _columns("stage"))
