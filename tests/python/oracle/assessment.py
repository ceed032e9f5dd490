"""What each rule looked at, subject by subject, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from oracle.evaluate import Evaluation
from oracle.market import DATA_ROLES, LEGACY_ROLES, METERING_ROLES, Event
from oracle.marts import MartRow
from oracle.party_rules import DNO_DISTRIBUTORS
from oracle.points import Points

# Rule, party, subject, and why it does not apply or cannot be judged.
Subject = tuple[str, str, str, str | None, str | None]

RULES = [
    *(f"SUP-0{number}" for number in range(1, 8)),
    *("MEM-01", "DS-01", "APP-01", "APP-02", "APP-03", "DNO-01", "REF-01"),
    *(f"QAL-0{number}" for number in range(1, 5)),
    *(f"INT-0{number}" for number in range(1, 6)),
]


def rpt_rule_assessment(evaluation: Evaluation) -> list[MartRow]:
    """One row per rule and party; a rule without a subject has one for nobody."""
    subjects: dict[tuple[str, str], dict[str, tuple[str, str]]] = defaultdict(dict)
    for rule_id, mpid, subject, not_applicable, not_judged in _subjects(evaluation):
        outcome = ("0", "")
        if not_applicable:
            outcome = ("2", not_applicable)
        elif not_judged:
            outcome = ("1", not_judged)
        known = subjects[rule_id, mpid]
        known[subject] = min(outcome, known.get(subject, outcome))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in evaluation.findings:
        found[row.rule_id, row.mpid or "-"].add(row.subject_key)
    for rule_id in RULES:
        if not any(key[0] == rule_id for key in [*subjects, *found]):
            subjects[rule_id, "-"] = {}
    return [
        _row(key, subjects.get(key, {}), found.get(key, set()))
        for key in sorted({*subjects, *found})
    ]


def _row(key: tuple[str, str], subjects: dict[str, tuple[str, str]], found: set[str]) -> MartRow:
    of: dict[str, set[str]] = defaultdict(set)
    reasons: dict[str, dict[str, int]] = {"1": defaultdict(int), "2": defaultdict(int)}
    for subject, (outcome, reason) in subjects.items():
        of[outcome].add(subject)
        if reason:
            reasons[outcome][reason] += 1
    return {
        "rule_id": key[0],
        "mpid": key[1],
        "in_scope": len(of["0"]) + len(of["1"]),
        "clean": len(of["0"] - found),
        "with_exception": len(found),
        "not_applicable": len(of["2"]),
        "cannot_be_judged": len(of["1"]),
        "not_applicable_reasons": _in_words(reasons["2"]),
        "cannot_be_judged_reasons": _in_words(reasons["1"]),
    }


def _in_words(reasons: dict[str, int]) -> str | None:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items())) or None


def _subjects(evaluation: Evaluation) -> Iterator[Subject]:
    yield from _points(evaluation)
    yield from _registrations(evaluation)
    yield from _events(evaluation)
    yield from _appointments(evaluation)
    yield from _parties(evaluation)
    yield from _integrity(evaluation)


def _points(evaluation: Evaluation) -> Iterator[Subject]:
    points, as_of = evaluation.points, evaluation.market.as_of
    for mpan in points.registered():
        newest = points.holdings(mpan)[-1]
        registration = newest.registration.registration_id
        dead = None if newest.covers(as_of) and newest.is_live else "NOT_LIVE"
        legacy = None if points.regime(mpan, as_of) == "MHHS" else "NOT_MIGRATED"
        unmetered = "UNMETERED" if newest.segment == "U" else None
        yield "SUP-01", newest.supplier, registration, dead, None
        yield "SUP-06", newest.supplier, registration, dead or legacy, None
        yield "APP-01", newest.supplier, mpan, dead or legacy or unmetered, None
        yield "APP-02", newest.supplier, mpan, dead or legacy, None


def _registrations(evaluation: Evaluation) -> Iterator[Subject]:
    market = evaluation.market
    for row in market.registrations:
        why = "BEFORE_M14" if row.first < market.m14 else None
        if row.status not in ("ACTIVE", "PENDING"):
            why = "NOT_ACTIVE"
        rule_id = "SUP-03" if row.type == "SWITCH" else "SUP-04"
        yield rule_id, row.supplier, row.registration_id, why, None


def _events(evaluation: Evaluation) -> Iterator[Subject]:
    market, points = evaluation.market, evaluation.points
    for event in market.events:
        if event.day > market.as_of:
            continue
        unknown = None if points.is_registered(event.mpan) else "NO_REGISTRATION"
        holder = None if unknown else points.holding_on(event.mpan, event.day)
        mpid = holder.supplier if holder else event.supplier or "-"
        yield from _event(event, mpid, unknown, holder is not None, event.day >= market.m14)


def _event(
    event: Event, mpid: str, unknown: str | None, is_held: bool, is_from_m14: bool
) -> Iterator[Subject]:
    if event.direction == "FORWARD":
        yield "SUP-02", mpid, event.mpan, None, unknown
        return
    yield "SUP-05", mpid, event.mpan, None if is_from_m14 else "BEFORE_M14", unknown
    no_holder = unknown or (None if is_held else "NO_HOLDER")
    yield "SUP-07", mpid, event.mpan, "FROM_M14" if is_from_m14 else None, no_holder


def _appointments(evaluation: Evaluation) -> Iterator[Subject]:
    market, points = evaluation.market, evaluation.points
    for row in market.appointments:
        if row.status != "ACTIVE" or row.first > market.as_of:
            continue
        unknown = None if points.is_registered(row.mpan) else "NO_REGISTRATION"
        if row.role in METERING_ROLES | DATA_ROLES:
            rule_id = "MEM-01" if row.role in METERING_ROLES else "DS-01"
            days = market.days_of(row.first, row.end) & points.mhhs_days(row.mpan)
            legacy = None if days or unknown else "NOT_MIGRATED"
            yield rule_id, row.agent, row.appointment_id, legacy, unknown
        why = "UMSO" if row.role == "UMSO" else None
        if row.end <= market.as_of:
            why = "ENDED"
        yield "APP-03", row.agent, row.appointment_id, why, unknown


def _parties(evaluation: Evaluation) -> Iterator[Subject]:
    market, parties, points = evaluation.market, evaluation.parties, evaluation.points
    as_of = market.as_of
    decisive = min(market.m11, as_of)
    for mpid, role in {(row.mpid, row.role) for row in market.participants}:
        if role == "LDSO":
            is_dno = any(
                row.first <= decisive < row.end and row.distributor_id in DNO_DISTRIBUTORS
                for row in parties.rows((mpid, role))
            )
            yield "DNO-01", mpid, f"{mpid}|LDSO", None if is_dno else "NOT_A_DNO", None
        if role == "SUP":
            is_there = as_of in parties.in_force_days((mpid, role))
            yield "QAL-01", mpid, f"{mpid}|SUP", None if is_there else "NOT_IN_FORCE", None
    for stage in market.stages:
        is_qualified = as_of in parties.qualified_for_any((stage.mpid, stage.role))
        yield (
            "QAL-02",
            stage.mpid,
            f"{stage.mpid}|{stage.role}|{stage.stage}",
            "QUALIFIED" if is_qualified else None,
            "NO_PLANNED_DATE" if stage.planned is None else None,
        )
    named = {
        *parties.all(),
        *((stage.mpid, stage.role) for stage in market.stages),
        *((row.supplier, "SUP") for row in market.registrations),
        *((event.supplier, "SUP") for event in market.events if event.supplier),
        *((row.agent, row.role) for row in market.appointments),
    }
    for mpid, role in named:
        is_qualified = as_of in parties.qualified_for_any((mpid, role))
        yield "QAL-03", mpid, f"{mpid}|{role}", "QUALIFIED" if is_qualified else None, None
        yield "QAL-04", mpid, f"{mpid}|{role}", None if is_qualified else "NOT_QUALIFIED", None
    active = {(holding.supplier, "SUP") for holding in points.holdings_on(as_of)}
    for mpan in points.with_appointments():
        if points.is_registered(mpan):
            active |= {(r.agent, r.role) for r in points.appointments(mpan) if as_of < r.end}
    for mpid, role in active:
        if role not in LEGACY_ROLES:
            yield "REF-01", mpid, f"{mpid}|{role}", None, None


def _integrity(evaluation: Evaluation) -> Iterator[Subject]:
    market, points = evaluation.market, evaluation.points
    yield from _neighbours(points)
    for row in market.registrations:
        if row.first <= market.as_of:
            yield "INT-03", "-", row.mpan, None, None
            yield "INT-04", "-", row.mpan, None, None
    for event in market.events:
        if event.day <= market.as_of:
            yield "INT-05", "-", f"migration|{event.mpan}", None, None
    for appointment in market.appointments:
        if appointment.status == "ACTIVE" and appointment.first <= market.as_of:
            yield "INT-05", "-", f"appointment|{appointment.appointment_id}", None, None


def _neighbours(points: Points) -> Iterator[Subject]:
    for mpan in points.registered():
        ids = [row.registration_id for row in points.registrations(mpan)]
        for earlier, later in pairwise(ids):
            yield "INT-01", "-", f"{earlier}|{later}", None, None
            yield "INT-02", "-", later, None, None
