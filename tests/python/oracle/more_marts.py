"""What the marts of events, agents, operators and flows should say, by direct counting."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

from oracle.days import as_date
from oracle.evaluate import Evaluation
from oracle.market import DATA_ROLES, LEGACY_ROLES, METERING_ROLES, Event
from oracle.marts import MartRow, live_holdings
from oracle.parties import Party
from oracle.party_rules import DNO_DISTRIBUTORS
from oracle.points import Holding
from oracle.standing import qualified_from, road


def fct_migration(evaluation: Evaluation) -> list[MartRow]:
    """One row per migration event, with who held the point on the day."""
    market, parties, points = evaluation.market, evaluation.parties, evaluation.points
    by_mpan = defaultdict(list)
    for event in market.events:
        by_mpan[event.mpan].append(event)
    rows = []
    for mpan, events in by_mpan.items():
        before = None
        for event in sorted(events, key=lambda e: (e.day, e.direction == "REVERSE")):
            counts = event.day <= market.as_of and points.is_registered(mpan)
            holding = points.holding_on(mpan, event.day) if counts else None
            segment = points.segment_of_event(mpan, event.day) if counts else None
            rows.append(
                {
                    "mpan": mpan,
                    "effective_from": as_date(event.day),
                    "direction": event.direction,
                    "supplier_mpid": event.supplier,
                    "is_counted": counts,
                    "holder_mpid": holding.supplier if holding else None,
                    "holder_is_qualified": parties.is_qualified(
                        (holding.supplier, "SUP"), holding.segment, event.day
                    )
                    if holding
                    else None,
                    "responsible_mpid": (holding.supplier if holding else event.supplier)
                    if counts
                    else None,
                    "responsible_is_qualified": _is_qualified(evaluation, holding, event, segment),
                    "market_segment": segment,
                    "days_since_previous_event": None if before is None else event.day - before,
                }
            )
            before = event.day
    return rows


def _is_qualified(
    evaluation: Evaluation, holding: Holding | None, event: Event, segment: str | None
) -> bool | None:
    """Whether the holder, else the Supplier that the event names, was Qualified on its day."""
    if segment is None:
        return None
    supplier = holding.supplier if holding else event.supplier
    if supplier is None:
        return False
    return evaluation.parties.is_qualified((supplier, "SUP"), segment, event.day)


def fct_appointment(evaluation: Evaluation) -> list[MartRow]:
    """One row per appointment, whatever its status and dates."""
    return [
        {
            "appointment_id": row.appointment_id,
            "mpan": row.mpan,
            "service_role": row.role,
            "agent_mpid": row.agent,
            "appointment_status": row.status,
            "valid_from": as_date(row.first),
            "valid_to": as_date(row.end),
            "is_mhhs_role": row.role not in LEGACY_ROLES,
            "is_counted": row.status == "ACTIVE"
            and row.first <= evaluation.market.as_of
            and evaluation.points.is_registered(row.mpan),
        }
        for row in evaluation.market.appointments
    ]


def rpt_daily_flow(evaluation: Evaluation, last_days: int) -> list[MartRow]:
    """Each day beside the day before it, point by point."""
    market, points = evaluation.market, evaluation.points
    first = max(min(market.m11 - 28, market.as_of), market.as_of - last_days + 1)
    counted: Counter[tuple[date | None, str, str, str]] = Counter()
    for on in range(first, market.as_of + 1):
        today = {h.registration.mpan: h for h in live_holdings(evaluation, on)}
        yesterday = {h.registration.mpan: h for h in live_holdings(evaluation, on - 1)}
        for mpan in set(today) | set(yesterday):
            new, old = today.get(mpan), yesterday.get(mpan)
            if new and old and new.supplier != old.supplier:
                counted[as_date(on), new.supplier, new.segment, "SWITCH_IN"] += 1
                counted[as_date(on), old.supplier, old.segment, "SWITCH_OUT"] += 1
            elif not (new and old and new.segment == old.segment):
                if new:
                    counted[as_date(on), new.supplier, new.segment, "NEW"] += 1
                if old:
                    counted[as_date(on), old.supplier, old.segment, "LOST"] += 1
    for event in market.events:
        if first <= event.day <= market.as_of and points.is_registered(event.mpan):
            holding = points.holding_on(event.mpan, event.day)
            supplier = holding.supplier if holding else event.supplier
            if supplier:
                segment = points.segment_of_event(event.mpan, event.day)
                counted[as_date(event.day), supplier, segment, event.direction] += 1
    return [
        {
            "date_day": on,
            "supplier_mpid": supplier,
            "market_segment": segment,
            "flow": flow,
            "metering_points": number,
        }
        for (on, supplier, segment, flow), number in counted.items()
    ]


def rpt_agent_readiness(evaluation: Evaluation) -> list[MartRow]:
    """One row per agent role in force, or serving under MHHS, on the as-of day."""
    market, parties, points = evaluation.market, evaluation.parties, evaluation.points
    as_of = market.as_of
    served: dict[Party, set[str]] = defaultdict(set)
    for mpan in points.with_appointments():
        if points.is_registered(mpan) and points.regime(mpan, as_of) == "MHHS":
            for row in points.appointments(mpan):
                if row.role in METERING_ROLES | DATA_ROLES and as_of < row.end:
                    served[row.agent, row.role].add(mpan)
    in_force = {
        party
        for party in parties.all()
        if party[1] in METERING_ROLES | DATA_ROLES and as_of in parties.in_force_days(party)
    }
    rows = []
    for party in sorted(in_force | set(served)):
        is_qualified = as_of in parties.qualified_for_any(party)
        rows.append(
            {
                "mpid": party[0],
                "market_role": party[1],
                "is_in_force": party in in_force,
                "is_qualified": is_qualified,
                "qualified_from": qualified_from(evaluation, party),
                **road(evaluation, party),
                "readiness_status": "QUALIFIED" if is_qualified else _road(evaluation, party),
                "reason": None if is_qualified else parties.reason_without_segment(party, as_of),
                "mhhs_points_served": len(served[party]),
                "points_served_not_qualified": 0 if is_qualified else len(served[party]),
            }
        )
    return rows


def _road(evaluation: Evaluation, party: Party) -> str:
    """Where a party that is not Qualified stands: the ladder of Suppliers, below its segments."""
    market = evaluation.market
    as_of, m14 = market.as_of, market.m14
    if as_of >= m14:
        return "MISSED"
    bodies = evaluation.parties.required_bodies(party[1])
    ahead = [
        d.first
        for d in market.decisions
        if (d.mpid, d.role) == party and d.is_granted and d.body in bodies and d.first > as_of
    ]
    stages = [stage for stage in market.stages if (stage.mpid, stage.role) == party]
    due = {s.stage: s.planned if s.forecast is None else s.forecast for s in stages}
    if due.get("QAD_FINAL") is None and not ahead:
        return "NO_PLAN"
    ready = max([*ahead, *(on for on in due.values() if on is not None)])
    if ready >= m14:
        return "LATE"
    is_overdue = any(stage.is_overdue(as_of) for stage in stages)
    return "AT_RISK" if ready >= m14 - 28 or ready < as_of or is_overdue else "ON_TRACK"


def rpt_dno_readiness(evaluation: Evaluation) -> list[MartRow]:
    """One row per operator: by its last DNO's row in force on M11, before it on the as-of day."""
    market, parties = evaluation.market, evaluation.parties
    decisive = min(market.m11, market.as_of)
    live = Counter(h.registration.mpan[:2] for h in live_holdings(evaluation, market.as_of))
    rows = []
    for party in parties.all():
        covering = [
            row
            for row in parties.rows(party)
            if row.first <= decisive < row.end and row.distributor_id in DNO_DISTRIBUTORS
        ]
        if party[1] != "LDSO" or not covering:
            continue
        distributor = str(max(covering, key=lambda row: row.first).distributor_id)
        days = parties.qualified_for_any(party)
        rows.append(
            {
                "mpid": party[0],
                "distributor_id": distributor,
                "is_in_force": market.as_of in parties.in_force_days(party),
                "was_qualified_on_m11": market.m11 in days,
                "is_qualified": market.as_of in days,
                "qualified_from": qualified_from(evaluation, party),
                "first_qualified_on": as_date(min(days, default=None)),
                "points_in_area": live[distributor],
            }
        )
    return rows


def rpt_tranche_progress(evaluation: Evaluation) -> list[MartRow]:
    """Parties per tranche, role and stage, and how far they are."""
    as_of = evaluation.market.as_of
    groups = defaultdict(list)
    for stage in evaluation.market.stages:
        groups[stage.tranche or "-", stage.role, stage.stage].append(stage)
    return [
        {
            "tranche": tranche,
            "market_role": role,
            "stage": name,
            "parties": len(stages),
            "planned": sum(s.planned is not None and s.planned <= as_of for s in stages),
            "completed": sum(s.completed is not None and s.completed <= as_of for s in stages),
            "overdue": sum(s.is_overdue(as_of) for s in stages),
        }
        for (tranche, role, name), stages in groups.items()
    ]
