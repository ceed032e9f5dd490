"""What the marts should say, by direct counting: rows as dictionaries, one function per mart."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from typing import Any

from oracle.attributes import attributes
from oracle.days import OPEN, Days, as_date, spells
from oracle.evaluate import Evaluation
from oracle.finding import Finding
from oracle.market import DATA_ROLES, METERING_ROLES, Appointment, Stage
from oracle.points import Holding
from oracle.standing import qualified, road, size_bands

MartRow = dict[str, Any]

SINCE_M14 = {"SUP-01", "SUP-06", "QAL-01"}
SUPPLIER_RULES = {"QAL-01"} | {f"SUP-0{number}" for number in range(1, 8)}


def _open_at_horizon(evaluation: Evaluation, end: int) -> date | None:
    """A spell that reaches the horizon never ends."""
    return as_date(OPEN if end >= evaluation.market.horizon else end)


def fct_exception(evaluation: Evaluation) -> list[MartRow]:
    """One row per exception, since when somebody has to answer for it, and for how many days."""
    as_of = as_date(evaluation.market.as_of)
    rows = []
    for row in evaluation.findings:
        counted_from, days_open = _counted_from(evaluation, row), None
        if row.status == "OPEN" and counted_from and counted_from <= as_of:
            days_open = (as_of - counted_from).days + 1
        elif row.status == "CLOSED" and counted_from:
            days_open = max((row.ended_on - counted_from).days, 0)
        rows.append(
            {
                **vars(row),
                "counted_from": counted_from,
                "days_open": days_open,
                **attributes(evaluation, row),
            }
        )
    return rows


def _counted_from(evaluation: Evaluation, row: Finding) -> date | None:
    """The later of the first day and of the milestone that made a state a breach."""
    if row.severity == "EXPOSURE":
        return None
    if row.severity == "BREACH" and row.rule_id in SINCE_M14:
        return max(row.occurred_on, as_date(evaluation.market.m14))
    if row.severity == "BREACH" and row.rule_id == "DNO-01":
        return max(row.occurred_on, as_date(evaluation.market.m11))
    return row.occurred_on


def dim_participant(evaluation: Evaluation) -> list[MartRow]:
    """One row per mpid and market role of the participant extract, whatever its dates."""
    market, parties = evaluation.market, evaluation.parties
    as_of = market.as_of
    live = live_holdings(evaluation, as_of)
    points = Counter(holding.supplier for holding in live)
    bands = size_bands(live)
    rows = []
    for party in sorted({(row.mpid, row.role) for row in market.participants}):
        is_supplier = party[1] == "SUP"
        standing = qualified(evaluation, party)
        on_the_road = road(evaluation, party)
        rows.append(
            {
                "mpid": party[0],
                "market_role": party[1],
                "is_in_force": as_of in parties.in_force_days(party),
                **standing,
                "not_qualified_reason": (
                    None
                    if standing["is_qualified"]
                    else parties.reason_without_segment(party, as_of)
                ),
                "current_stage": on_the_road["current_stage"],
                "next_stage": on_the_road["next_stage"],
                "live_metering_points": points[party[0]] if is_supplier else 0,
                "size_band": bands.get(party[0], "small") if is_supplier else None,
            }
        )
    return rows


def dim_metering_point(evaluation: Evaluation) -> list[MartRow]:
    """One row per MPAN with a holding that has begun, by its newest one."""
    parties, points = evaluation.parties, evaluation.points
    as_of = evaluation.market.as_of
    rows = []
    for mpan in points.registered():
        newest = points.holdings(mpan)[-1]
        migrated = [event.day for event in points.events(mpan) if event.direction == "FORWARD"]
        reverses = [event.day for event in points.events(mpan) if event.direction == "REVERSE"]
        rows.append(
            {
                "mpan": mpan,
                "supplier_mpid": newest.supplier,
                "registration_id": newest.registration.registration_id,
                "market_segment": newest.segment,
                "distributor_id": mpan[:2],
                "annual_kwh": newest.registration.kwh,
                "is_live": newest.covers(as_of) and newest.is_live,
                "regime": points.regime(mpan, as_of),
                "first_migrated_on": as_date(min(migrated, default=None)),
                "last_regime_change_on": as_date(_last_regime_change(evaluation, mpan)),
                "reverse_migrations": len(reverses),
                "metering_service_mpid": _agent(evaluation, mpan, METERING_ROLES),
                "data_service_mpid": _agent(evaluation, mpan, DATA_ROLES),
                "metering_until": _served_until(evaluation, mpan, METERING_ROLES),
                "data_until": _served_until(evaluation, mpan, DATA_ROLES),
                "has_several_agents": any(
                    len(_serving(evaluation, mpan, roles)) > 1
                    for roles in (METERING_ROLES, DATA_ROLES)
                ),
                "supplier_is_qualified": parties.is_qualified(
                    (newest.supplier, "SUP"), newest.segment, as_of
                ),
            }
        )
    return rows


def _last_regime_change(evaluation: Evaluation, mpan: str) -> int | None:
    """The last day up to the as-of day whose regime is not that of the day before."""
    regime, as_of = evaluation.points.regime, evaluation.market.as_of
    first = min((event.day for event in evaluation.points.events(mpan)), default=as_of + 1)
    changes = [on for on in range(first, as_of + 1) if regime(mpan, on) != regime(mpan, on - 1)]
    return max(changes, default=None)


def _agent(evaluation: Evaluation, mpan: str, roles: set[str]) -> str | None:
    """The agent that serves on the as-of day; of several the latest start, then the greatest id."""
    serving = _serving(evaluation, mpan, roles)
    if not serving:
        return None
    return max(serving, key=lambda row: (row.first, row.appointment_id)).agent


def _serving(evaluation: Evaluation, mpan: str, roles: set[str]) -> list[Appointment]:
    return [
        appointment
        for appointment in evaluation.points.appointments(mpan)
        if appointment.role in roles and evaluation.market.as_of < appointment.end
    ]


def _served_until(evaluation: Evaluation, mpan: str, roles: set[str]) -> date | None:
    """The end of the last appointment of a kind that has begun."""
    ends = [row.end for row in evaluation.points.appointments(mpan) if row.role in roles]
    return as_date(max(ends, default=None))


def fct_holding(evaluation: Evaluation) -> list[MartRow]:
    """One row per ACTIVE registration that has begun, one that holds no day ends as it begins."""
    rows = []
    for mpan in evaluation.points.registered():
        until = {h.registration.registration_id: h.end for h in evaluation.points.holdings(mpan)}
        registrations = evaluation.points.registrations(mpan)
        followers = [row.first for row in registrations[1:]]
        for row, next_from in zip(registrations, [*followers, None], strict=True):
            rows.append(
                {
                    "registration_id": row.registration_id,
                    "mpan": mpan,
                    "supplier_mpid": row.supplier,
                    "registration_type": row.type,
                    "market_segment": row.segment,
                    "valid_from": as_date(row.first),
                    "valid_to": as_date(until.get(row.registration_id, row.first)),
                    "registered_to": as_date(row.end),
                    "next_from": as_date(next_from),
                    "requested_on": as_date(row.requested),
                    "is_live": row.is_live,
                }
            )
    return rows


def fct_regime(evaluation: Evaluation) -> list[MartRow]:
    """One row per spell of an MPAN under MHHS."""
    return [
        {
            "mpan": mpan,
            "valid_from": as_date(first),
            "valid_to": _open_at_horizon(evaluation, end),
        }
        for mpan in evaluation.points.with_events()
        for first, end in spells(evaluation.points.mhhs_days(mpan))
    ]


def fct_approval(evaluation: Evaluation) -> list[MartRow]:
    """One row per decision and segment that it covers, with the days on which it is in force."""
    rows = []
    for decision in evaluation.market.decisions:
        for segment in evaluation.parties.segments(decision.role):
            if decision.covers(segment):
                later = [
                    other.first
                    for other in evaluation.market.decisions_of(decision.mpid)
                    if (other.role, other.body) == (decision.role, decision.body)
                    and other.covers(segment)
                    and other.first > decision.first
                ]
                rows.append(
                    {
                        "mpid": decision.mpid,
                        "market_role": decision.role,
                        "approval_body": decision.body,
                        "market_segment": segment,
                        "is_granted": decision.is_granted,
                        "valid_from": as_date(decision.first),
                        "valid_to": as_date(min([decision.end, *later])),
                    }
                )
    return rows


def fct_stage(evaluation: Evaluation) -> list[MartRow]:
    """One row per stage of a party."""
    return [
        {
            "mpid": stage.mpid,
            "market_role": stage.role,
            "stage": stage.stage,
            "is_overdue": stage.is_overdue(evaluation.market.as_of),
        }
        for stage in evaluation.market.stages
    ]


def fct_qualification(evaluation: Evaluation) -> list[MartRow]:
    """One row per spell of being Qualified, of each party and segment."""
    parties = evaluation.parties
    return [
        {
            "mpid": party[0],
            "market_role": party[1],
            "market_segment": segment,
            "valid_from": as_date(first),
            "valid_to": _open_at_horizon(evaluation, end),
        }
        for party in parties.all()
        for segment in parties.segments(party[1])
        for first, end in spells(parties.qualified_days(party, segment))
    ]


def live_holdings(evaluation: Evaluation, on: int) -> list[Holding]:
    """The live holdings of a day."""
    return [holding for holding in evaluation.points.holdings_on(on) if holding.is_live]


def rpt_daily_position(evaluation: Evaluation, last_days: int) -> list[MartRow]:
    """Live points per day, Supplier, segment and regime, of the last days up to the as-of day."""
    market, points = evaluation.market, evaluation.points
    first = max(min(market.m11 - 28, market.as_of), market.as_of - last_days + 1)
    rows = []
    for on in range(first, market.as_of + 1):
        counted: Counter[tuple[str, str, str]] = Counter()
        kwh: Counter[tuple[str, str, str]] = Counter()
        for holding in live_holdings(evaluation, on):
            regime = points.regime(holding.registration.mpan, on)
            key = (holding.supplier, holding.segment, regime)
            counted[key] += 1
            kwh[key] += holding.registration.kwh or 0
        for (supplier, segment, regime), metering_points in counted.items():
            rows.append(
                {
                    "date_day": as_date(on),
                    "supplier_mpid": supplier,
                    "market_segment": segment,
                    "regime": regime,
                    "metering_points": metering_points,
                    "annual_kwh": float(kwh[supplier, segment, regime]),
                    "is_qualified": evaluation.parties.is_qualified((supplier, "SUP"), segment, on),
                }
            )
    return rows


def rpt_supplier_readiness(evaluation: Evaluation) -> list[MartRow]:
    """One row per Supplier in force on the as-of day or holding a live point on it."""
    market, parties, points = evaluation.market, evaluation.parties, evaluation.points
    as_of = market.as_of
    held: dict[str, list[Holding]] = defaultdict(list)
    for holding in live_holdings(evaluation, as_of):
        held[holding.supplier].append(holding)
    in_force = {
        mpid
        for mpid, role in parties.all()
        if role == "SUP" and as_of in parties.in_force_days((mpid, role))
    }
    breaches = Counter(
        row.mpid
        for row in evaluation.findings
        if (row.severity, row.status) == ("BREACH", "OPEN") and row.rule_id in SUPPLIER_RULES
    )
    bands = size_bands(holding for holdings in held.values() for holding in holdings)
    rows = []
    for mpid in sorted(in_force | set(held)):
        party = (mpid, "SUP")
        not_qualified = [
            holding
            for holding in held[mpid]
            if not parties.is_qualified(party, holding.segment, as_of)
        ]
        migrated = [h for h in held[mpid] if points.regime(h.registration.mpan, as_of) == "MHHS"]
        standing = qualified(evaluation, party)
        stages = [row for row in market.stages if (row.mpid, row.role) == party]
        status = _readiness_status(evaluation, mpid, {h.segment for h in held[mpid]}, stages)
        if status == "EXEMPT_SCOPE":
            reason = "SCOPE"
        else:
            reason = (
                None if standing["is_qualified"] else parties.reason_without_segment(party, as_of)
            )
        rows.append(
            {
                "mpid": mpid,
                "is_in_force": mpid in in_force,
                **standing,
                "readiness_status": status,
                "reason": reason,
                "size_band": bands.get(mpid, "small"),
                **road(evaluation, party),
                "live_metering_points": len(held[mpid]),
                "points_not_qualified": len(not_qualified),
                "kwh_not_qualified": float(sum(h.registration.kwh or 0 for h in not_qualified)),
                "migrated_points": len(migrated),
                "points_to_migrate": len(held[mpid]) - len(migrated),
                "open_breaches": breaches[mpid],
            }
        )
    return rows


def _readiness_status(
    evaluation: Evaluation, mpid: str, held_segments: set[str], stages: list[Stage]
) -> str:
    """The readiness status of a Supplier: the first that fits."""
    market, parties = evaluation.market, evaluation.parties
    as_of, m14 = market.as_of, market.m14
    party = (mpid, "SUP")
    qualified_for = {s for s in "SAU" if parties.is_qualified(party, s, as_of)}
    if qualified_for:
        return "QUALIFIED" if held_segments <= qualified_for else "EXEMPT_SCOPE"
    if as_of >= m14:
        return "MISSED"
    to_come = [
        decision.first
        for decision in market.decisions
        if (decision.mpid, decision.role) == party
        and decision.is_granted
        and decision.first > as_of
    ]
    expected = {
        row.stage: row.forecast if row.forecast is not None else row.planned for row in stages
    }
    if expected.get("QAD_FINAL") is None and not to_come:
        return "NO_PLAN"
    ready_on = max([*to_come, *(on for on in expected.values() if on is not None)])
    if ready_on >= m14:
        return "LATE"
    overdue = any(stage.is_overdue(as_of) for stage in stages)
    if ready_on >= m14 - 28 or ready_on < as_of or overdue:
        return "AT_RISK"
    return "ON_TRACK"


def rpt_m14_headline(evaluation: Evaluation) -> MartRow:
    """The one row of headline figures."""
    market, parties, points = evaluation.market, evaluation.parties, evaluation.points
    as_of = market.as_of
    live = live_holdings(evaluation, as_of)
    not_qualified = [
        h for h in live if not parties.is_qualified((h.supplier, "SUP"), h.segment, as_of)
    ]
    migrated = [h for h in live if points.regime(h.registration.mpan, as_of) == "MHHS"]
    suppliers = rpt_supplier_readiness(evaluation)
    last_28_days: Days = set(range(as_of - 27, as_of + 1))
    since_m14: Days = set(range(market.m14, as_of + 1))
    open_breaches = [
        row for row in evaluation.findings if (row.severity, row.status) == ("BREACH", "OPEN")
    ]
    kwh = _kwh(live)
    return {
        "as_of": as_date(as_of),
        "m14_date": as_date(market.m14),
        "days_to_m14": market.m14 - as_of,
        "suppliers": len(suppliers),
        "suppliers_qualified": sum(row["is_qualified"] for row in suppliers),
        "live_metering_points": len(live),
        "points_not_qualified": len(not_qualified),
        "points_not_qualified_share": len(not_qualified) / len(live) if live else None,
        "kwh_not_qualified": _kwh(not_qualified),
        "kwh_not_qualified_share": _kwh(not_qualified) / kwh if kwh else None,
        "migrated_points": len(migrated),
        "migrated_share": len(migrated) / len(live) if live else None,
        "migrated_kwh_share": _kwh(migrated) / kwh if kwh else None,
        "reverse_migrations_28_days": _reversed(evaluation, last_28_days),
        "gained_not_qualified_28_days": _gained(evaluation, last_28_days),
        "reverse_migrations_since_m14": _reversed(evaluation, since_m14) if since_m14 else None,
        "gained_not_qualified_since_m14": _gained(evaluation, since_m14) if since_m14 else None,
        "open_breaches": len(open_breaches),
        "open_breach_points": len({row.mpan for row in open_breaches if row.mpan}),
        **_by_status([row["readiness_status"] for row in suppliers]),
    }


def _reversed(evaluation: Evaluation, days: Days) -> int:
    return sum(
        event.direction == "REVERSE" and event.day in days for event in evaluation.market.events
    )


def _gained(evaluation: Evaluation, days: Days) -> int:
    return sum(
        row.type == "SWITCH"
        and row.status == "ACTIVE"
        and row.first in days
        and not evaluation.parties.is_qualified((row.supplier, "SUP"), row.segment, row.first)
        for row in evaluation.market.registrations
    )


def _kwh(holdings: list[Holding]) -> float:
    return float(sum(holding.registration.kwh or 0 for holding in holdings))


def _by_status(statuses: list[str]) -> MartRow:
    names = ("QUALIFIED", "EXEMPT_SCOPE", "MISSED", "NO_PLAN", "LATE", "AT_RISK", "ON_TRACK")
    return {f"suppliers_status_{name.lower()}": statuses.count(name) for name in names}
