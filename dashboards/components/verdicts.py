"""Each rule about one Metering Point: true because, or clean because, in one sentence each.

Whether a rule is true is for the warehouse to say: it is if `fct_exception` has a row. What is
said of a clean one are facts of the marts that show why, not a second run of the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from dashboards.components import numbers, words
from dashboards.data.points import Point

State = Literal["TRUE", "CLEAN", "NOT_APPLICABLE"]
Because = tuple[State, str]
Row = dict[str, Any]

METERING_ROLES = ("MSS", "MSA")
DATA_ROLES = ("SDS", "ADS", "UMSDS")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Verdict:
    """What one rule says of the point; `exceptions` are the rows that make it true."""

    rule: Row
    state: State
    because: str
    exceptions: list[Row]


def verdicts(
    point: Point, rules: Iterable[Row], as_of: date, m14: date, distributor: str | None
) -> list[Verdict]:
    """A verdict for each rule, in the order of the rules."""
    facts = Facts(point, as_of, m14, distributor)
    found = []
    for rule in rules:
        exceptions = [row for row in point.exceptions if row["rule_id"] == rule["rule_id"]]
        if exceptions:
            because = " ".join(dict.fromkeys(row["reason_detail"] for row in exceptions))
            found.append(Verdict(rule, "TRUE", because, exceptions))
        else:
            state, because = _CLEAN.get(rule["rule_id"], _nothing_found)(facts)
            found.append(Verdict(rule, state, because, []))
    return found


@dataclass(frozen=True)
class Facts:
    """The facts of one point, as the sentences need them."""

    point: Point
    as_of: date
    m14: date
    distributor: str | None

    def party(self, mpid: str | None) -> str:
        return words.party(self.point.names.get(mpid or ""), mpid)

    def day(self, day: date) -> str:
        return numbers.long_day(day)

    @property
    def a(self) -> str:
        """The as-of day."""
        return self.day(self.as_of)

    @property
    def holding(self) -> Row | None:
        """The newest holding, which `dim_metering_point` speaks of."""
        return self.point.holdings[-1] if self.point.holdings else None

    @property
    def was_ever_mhhs(self) -> bool:
        return any(row["regime"] == "MHHS" for row in self.point.regimes)

    def not_live(self) -> str | None:
        """Why the point is not live on the as-of day; None if it is."""
        holding = self.holding
        if self.point.attributes is None or holding is None:
            return f"It has no registration that begins by {self.a}."
        if self.point.attributes["is_live"]:
            return None
        if holding["valid_to"] <= self.as_of:
            return (
                f"Nobody holds it on {self.a}: the last holding, of "
                f"{self.party(holding['supplier_mpid'])}, ended before "
                f"{self.day(holding['valid_to'])}."
            )
        what = "terminated" if holding["rmp_status"] == "T" else "disconnected"
        return f"It is not live on {self.a}: its registration is {what}."

    def not_mhhs(self) -> str | None:
        """Why it is not under MHHS on the as-of day; None if it is."""
        attributes = self.point.attributes
        if attributes is None or attributes["regime"] == "MHHS":
            return None
        if not self.was_ever_mhhs:
            return f"It has not been migrated by {self.a}."
        since = self.day(attributes["last_regime_change_on"])
        return (
            f"It is not under MHHS on {self.a}: back under the legacy arrangements since {since}."
        )

    def qualified(self, mpid: str, role: str, segment: str, day: date) -> str:
        """`is Qualified for Smart since 3 March 2026`, from the spell that covers the day."""
        spell = next(
            (
                row
                for row in self.point.qualifications
                if (row["mpid"], row["market_role"]) == (mpid, role)
                and row["market_segment"] in (segment, "*")
                and row["valid_from"] <= day < row["valid_to"]
            ),
            None,
        )
        what = f" for {words.SEGMENT.get(segment, segment)}" if role == "SUP" else f" as {role}"
        return f"Qualified{what}" + (f" since {self.day(spell['valid_from'])}" if spell else "")

    def events(self, direction: str) -> list[Row]:
        return [
            row
            for row in self.point.migrations
            if row["direction"] == direction and row["is_counted"]
        ]

    def no_event(self, direction: str, what: str) -> str:
        """Why there is no event of this direction that a rule counts."""
        orphan = next(
            (
                row["effective_from"]
                for row in self.point.migrations
                if row["direction"] == direction and row["effective_from"] <= self.as_of
            ),
            None,
        )
        if orphan is None:
            return f"No {what} by {self.a}."
        return f"The {what} of {self.day(orphan)} belongs to no registration: see INT-05."

    def active(self, roles: tuple[str, ...] | None = None) -> list[Row]:
        """ACTIVE appointments that begin by the as-of day."""
        return [
            row
            for row in self.point.appointments
            if row["appointment_status"] == "ACTIVE"
            and row["valid_from"] <= self.as_of
            and (roles is None or row["service_role"] in roles)
        ]

    def served_under_mhhs(self, roles: tuple[str, ...]) -> list[tuple[Row, date]]:
        """Active appointments that share days with MHHS by the as-of day, and the last of them."""
        found = []
        for row in self.active(roles):
            for spell in reversed(self.point.regimes):
                first = max(spell["valid_from"], row["valid_from"])
                last = min(spell["valid_to"] - _DAY, row["valid_to"] - _DAY, self.as_of)
                if spell["regime"] == "MHHS" and first <= last:
                    found.append((row, last))
                    break
        return found


def _nothing_found(facts: Facts) -> Because:
    return "CLEAN", f"The rule was run on {facts.a} and found nothing."


def _holding(facts: Facts) -> Because:
    if reason := facts.not_live():
        return "NOT_APPLICABLE", reason
    holding = facts.holding
    assert holding is not None
    mpid, segment = holding["supplier_mpid"], holding["market_segment"]
    return (
        "CLEAN",
        f"{facts.party(mpid)} holds it since {facts.day(holding['valid_from'])} and is "
        f"{facts.qualified(mpid, 'SUP', segment, facts.as_of)}.",
    )


def _migrated_holding(facts: Facts) -> Because:
    if reason := facts.not_live() or facts.not_mhhs():
        return "NOT_APPLICABLE", reason
    assert facts.point.attributes is not None
    since = facts.day(facts.point.attributes["last_regime_change_on"])
    return "CLEAN", f"It is under MHHS since {since}. {_holding(facts)[1]}"


def _migrated(facts: Facts) -> Because:
    events = facts.events("FORWARD")
    if not events:
        return "NOT_APPLICABLE", facts.no_event("FORWARD", "migration event")
    return "CLEAN", " ".join(_migration(facts, event) for event in events)


def _migration(facts: Facts, event: Row) -> str:
    day, segment = event["effective_from"], event["market_segment"]
    holder = event["holder_mpid"]
    if holder is None:
        named = event["supplier_mpid"]
        state = facts.qualified(named, "SUP", segment, day)
        return (
            f"Migrated on {facts.day(day)}, when nobody held it, by {facts.party(named)}, {state}."
        )
    state = facts.qualified(holder, "SUP", segment, day)
    return f"Migrated on {facts.day(day)}, when {facts.party(holder)} held it, {state}."


def _gained(kind: str, what: str) -> Callable[[Facts], Because]:
    def clean(facts: Facts) -> Because:
        gains = [
            row
            for row in facts.point.holdings
            if row["registration_type"] == kind and row["valid_from"] >= facts.m14
        ]
        if not gains:
            return (
                "NOT_APPLICABLE",
                f"No holding began by a {what} from M14 ({facts.day(facts.m14)}) on.",
            )
        sentences = []
        for row in gains:
            state = facts.qualified(
                row["supplier_mpid"], "SUP", row["market_segment"], row["valid_from"]
            )
            sentences.append(
                f"{facts.party(row['supplier_mpid'])} gained it by a {what} on "
                f"{facts.day(row['valid_from'])}, {state}."
            )
        return "CLEAN", " ".join(sentences)

    return clean


def _reversed_from_m14(facts: Facts) -> Because:
    events = facts.events("REVERSE")
    if not events:
        return "NOT_APPLICABLE", facts.no_event("REVERSE", "Reverse Migration")
    last = facts.day(events[-1]["effective_from"])
    return (
        "CLEAN",
        f"Its last Reverse Migration was on {last}, before M14 ({facts.day(facts.m14)}).",
    )


def _reversed_without_cause(facts: Facts) -> Because:
    events = [row for row in facts.events("REVERSE") if row["effective_from"] < facts.m14]
    if not events:
        return "NOT_APPLICABLE", f"No Reverse Migration before M14 ({facts.day(facts.m14)})."
    sentences = []
    for event in events:
        day, holder = facts.day(event["effective_from"]), event["holder_mpid"]
        if holder is None:
            sentences.append(f"Reverse migrated on {day}, when nobody held it.")
        else:
            segment = words.SEGMENT.get(event["market_segment"], event["market_segment"])
            sentences.append(
                f"Reverse migrated on {day} with a cause: {facts.party(holder)}, which held it, "
                f"was not Qualified for {segment}."
            )
    return "CLEAN", " ".join(sentences)


def _served(roles: tuple[str, ...], what: str) -> Callable[[Facts], Because]:
    def clean(facts: Facts) -> Because:
        if not facts.was_ever_mhhs:
            return "NOT_APPLICABLE", f"It has not been migrated by {facts.a}."
        served = facts.served_under_mhhs(roles)
        if not served:
            return "NOT_APPLICABLE", f"No {what} was appointed on a day under MHHS."
        sentences = [
            f"{facts.party(row['agent_mpid'])}, appointed from {facts.day(row['valid_from'])}: "
            f"{facts.qualified(row['agent_mpid'], row['service_role'], '*', last)}."
            for row, last in served
        ]
        return "CLEAN", " ".join(dict.fromkeys(sentences))

    return clean


def _has_service(
    column: str, roles: tuple[str, ...], what: str, segments: str
) -> Callable[[Facts], Because]:
    def clean(facts: Facts) -> Because:
        if reason := facts.not_live() or facts.not_mhhs():
            return "NOT_APPLICABLE", reason
        assert facts.point.attributes is not None
        if facts.point.attributes["market_segment"] not in segments:
            return "NOT_APPLICABLE", f"An unmetered point needs no {what}."
        mpid = facts.point.attributes[column]
        covering = [
            row
            for row in facts.active(roles)
            if row["agent_mpid"] == mpid and row["valid_to"] > facts.as_of
        ]
        since = f" as {covering[-1]['service_role']}" if covering else ""
        since += f" since {facts.day(covering[-1]['valid_from'])}" if covering else ""
        return "CLEAN", f"{facts.party(mpid)} serves it{since}."

    return clean


def _right_arrangements(facts: Facts) -> Because:
    covering = [
        row
        for row in facts.active()
        # An Unmetered Supplies Operator belongs to both arrangements.
        if row["valid_to"] > facts.as_of and row["service_role"] != "UMSO"
    ]
    if not covering:
        return "NOT_APPLICABLE", f"No active appointment of either arrangements covers {facts.a}."
    regime = facts.point.attributes["regime"] if facts.point.attributes else "LEGACY"
    agents = ", ".join(
        f"{facts.party(row['agent_mpid'])} as {row['service_role']}" for row in covering
    )
    return "CLEAN", f"{_REGIME_SENTENCE[regime]}, and so are its agents: {agents}."


_REGIME_SENTENCE = {"MHHS": "It is under MHHS", "LEGACY": "It is under the legacy arrangements"}


def _overlaps(facts: Facts) -> Because:
    count = len(facts.point.holdings)
    if count < 2:
        return "NOT_APPLICABLE", _one_holding(count)
    return "CLEAN", f"Of its {count} holdings no two registrations share a day."


def _gaps(facts: Facts) -> Because:
    count = len(facts.point.holdings)
    if count < 2:
        return "NOT_APPLICABLE", _one_holding(count)
    first = facts.day(facts.point.holdings[0]["valid_from"])
    return "CLEAN", f"Its {count} holdings follow each other without a gap since {first}."


def _one_holding(count: int) -> str:
    return "It has one holding." if count else "It has no holding."


def _check_digit(facts: Facts) -> Because:
    if not facts.point.digit_is_right:
        return "NOT_APPLICABLE", f"No registration of it begins by {facts.a}."
    return "CLEAN", "Its last digit is the right check digit of the others."


def _distributor(facts: Facts) -> Because:
    if facts.point.attributes is None:
        return "NOT_APPLICABLE", f"No registration of it begins by {facts.a}."
    known = facts.point.attributes["distributor_id"]
    of = f", of {facts.distributor}" if facts.distributor else ""
    return "CLEAN", f"Its first two digits, {known}, are a known distributor id{of}."


def _has_registration(facts: Facts) -> Because:
    events = [*facts.events("FORWARD"), *facts.events("REVERSE"), *facts.active()]
    if not events:
        return "NOT_APPLICABLE", f"No migration event and no active appointment by {facts.a}."
    if not facts.point.holdings:
        return _nothing_found(facts)
    first = facts.point.holdings[0]
    return (
        "CLEAN",
        f"It is registered since {facts.day(first['valid_from'])}, so its migration events and "
        "appointments belong to a registration.",
    )


_CLEAN: dict[str, Callable[[Facts], Because]] = {
    "SUP-01": _holding,
    "SUP-02": _migrated,
    "SUP-03": _gained("SWITCH", "Switch"),
    "SUP-04": _gained("INITIAL", "first registration"),
    "SUP-05": _reversed_from_m14,
    "SUP-06": _migrated_holding,
    "SUP-07": _reversed_without_cause,
    "MEM-01": _served(METERING_ROLES, "metering service"),
    "DS-01": _served(DATA_ROLES, "data service"),
    "APP-01": _has_service("metering_service_mpid", METERING_ROLES, "metering service", "SA"),
    "APP-02": _has_service("data_service_mpid", DATA_ROLES, "data service", "SAU"),
    "APP-03": _right_arrangements,
    "INT-01": _overlaps,
    "INT-02": _gaps,
    "INT-03": _check_digit,
    "INT-04": _distributor,
    "INT-05": _has_registration,
}
