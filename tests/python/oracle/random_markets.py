"""Random markets that collide on purpose: few days, few parties, everything out of order.

Each market has its own MPIDs and MPANs, so many of them fit in one build without touching each
other. All its dates are drawn from a handful of days around the milestones and the as-of day, so
that starts, ends, events and decisions fall on one day or on neighbours again and again.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from oracle.integrity_rules import check_digit
from oracle.market import REQUIRED_BODIES

Rows = list[dict[str, str | None]]
Landing = dict[str, Rows]

M11 = date(2025, 10, 22)
M14 = date(2026, 10, 28)
BODIES = ["BSC_PAB", "REC_CM", "DIP_MGR"]
DECISIONS = ["APPROVED", "CONDITIONAL", "DEFERRED", "REJECTED", "WITHDRAWN"]
HABITS = ["none", "once", "once", "together", "together", "together", "apart", "apart"]
STAGES = ["PQS", "PIT", "QAD_INITIAL", "TESTING", "QAD_FINAL"]
ROLES = list(REQUIRED_BODIES)
SERVICE_ROLES = ["MSS", "MSA", "UMSO", "SDS", "ADS", "UMSDS", "MOP", "DC", "DA"]
DISTRIBUTORS = ["10", "11", "20", "23", "24", "38", "09", "39", "00", "99"]
BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PARTIES_PER_MARKET = 16
POINTS_PER_MARKET = 100


class RandomMarket:
    """One market, wholly given by its number, the seed and the as-of day."""

    def __init__(self, number: int, seed: int, as_of: date) -> None:
        self.random = random.Random(f"{seed}|{number}|{as_of}")
        self.number = number
        self.as_of = as_of
        self.days = self._few_days()
        self.mpids = [_mpid(number * PARTIES_PER_MARKET + k) for k in range(PARTIES_PER_MARKET)]
        self.suppliers, self.agents, self.others = (
            self.mpids[:5],
            self.mpids[5:10],
            self.mpids[10:14],
        )
        self.mpans = [self._mpan(k) for k in range(self.random.randint(8, 30))]

    def landing(self) -> Landing:
        """The rows of every extract."""
        parties = self._parties()
        return {
            "participant": self._participants(parties),
            "approval": self._approvals(parties),
            "stage": self._stages(parties),
            "registration": [row for mpan in self.mpans for row in self._registrations(mpan)],
            "migration": [row for mpan in self.mpans for row in self._migrations(mpan)],
            "appointment": [
                row for mpan in self.mpans for row in self._appointments(mpan, parties)
            ],
        }

    def _few_days(self) -> list[date]:
        anchors = [M11, M14, self.as_of, self.as_of, M14 - timedelta(28)]
        anchors += [M11 - timedelta(28), self.as_of - timedelta(27), date(2026, 7, 1)]
        chosen = self.random.sample(anchors, self.random.randint(2, len(anchors)))
        spread = self.random.choice([1, 2, 5, 40])
        days = {
            anchor + timedelta(self.random.randint(-spread, spread))
            for anchor in chosen
            for _ in range(2)
        }
        days |= set(self.random.sample(anchors, 2))
        return sorted(days)

    def _day(self) -> date:
        day = self.random.choice(self.days)
        return day + timedelta(self.random.choice([0, 0, 0, 0, -1, 1]))

    def _maybe_day(self, probability: float) -> str | None:
        return str(self._day()) if self._chance(probability) else None

    def _interval(self, is_open: float = 0.4) -> dict[str, str | None]:
        """First and last day; often one day long, often open."""
        first = self._day()
        if self._chance(is_open):
            last = self.random.choice([None, None, "9999-12-31", "9999-12-30"])
        elif self._chance(0.2):
            last = str(first)
        else:
            last = str(max(first, self._day()))
        return {"effective_from": str(first), "effective_to": last}

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _mpan(self, point: int) -> str:
        distributors = DISTRIBUTORS[:4] if self._chance(0.8) else DISTRIBUTORS
        core = self.random.choice(distributors)
        core += f"{self.number * POINTS_PER_MARKET + point:010d}"
        digit = check_digit(core + "0")
        if self._chance(0.1):
            digit = (digit + self.random.randint(1, 9)) % 10
        return f"{core}{digit}"

    def _parties(self) -> list[tuple[str, str]]:
        parties = [(mpid, "SUP") for mpid in self.suppliers]
        for mpid in self.agents:
            parties += [(mpid, role) for role in self.random.sample(SERVICE_ROLES[:6], 3)]
        for mpid in self.others:
            parties += [(mpid, role) for role in self.random.sample(ROLES, 2)]
            parties.append((mpid, "LDSO"))
        return sorted(set(parties))

    def _participants(self, parties: Iterable[tuple[str, str]]) -> Rows:
        rows: dict[tuple[str, ...], dict[str, str | None]] = {}
        for mpid, role in parties:
            numbers = self.random.choice([["10", "17", "23"], ["24", "09", "10", None]])
            for _ in range(self.random.choice([0, 1, 1, 1, 1, 1, 2, 2, 3])):
                interval = self._interval(is_open=0.6)
                if self._chance(0.5):
                    early = self.random.choice(["2024-03-01", "1998-04-01"])
                    interval["effective_from"] = early
                rows[mpid, role, str(interval["effective_from"])] = {
                    "mpid": mpid,
                    "market_role": role,
                    "participant_name": f"{mpid}, {role}",
                    "distributor_id": self.random.choice(numbers)
                    if role == "LDSO" or self._chance(0.1)
                    else None,
                    **interval,
                }
        return list(rows.values())

    def _approvals(self, parties: Sequence[tuple[str, str]]) -> Rows:
        rows: dict[tuple[str, ...], dict[str, str | None]] = {}
        for mpid, role in [*parties, (self.mpids[15], "SUP"), (self.mpids[15], "MSS")]:
            habit = self.random.choice(HABITS)
            together = self._decisions(habit)
            for body in BODIES:
                if habit == "none" or (habit == "apart" and self._chance(0.1)):
                    continue
                decided = self._decisions(habit) if habit == "apart" else together
                for row in decided:
                    moved = self._decisions("apart")[0] if self._chance(0.1) else row
                    key = (mpid, role, body, str(moved["effective_from"]))
                    rows[key] = {"mpid": mpid, "market_role": role, "approval_body": body, **moved}
        return list(rows.values())

    def _decisions(self, habit: str) -> Rows:
        """Decisions of one body; the habit says how orderly they are."""
        if habit == "once":
            first = "2025-07-01" if self._chance(0.5) else str(self._day())
            interval: dict[str, str | None] = {"effective_from": first, "effective_to": None}
            decided = [("APPROVED", interval, self.random.choice([None, None, "AU", "S"]))]
        else:
            decided = [
                (
                    self.random.choice([*DECISIONS[:2] * 4, *DECISIONS]),
                    self._interval(0.5),
                    self.random.choice([None, None, None, "A", "AU", "S", "SAU", "U", "SA"]),
                )
                for _ in range(self.random.randint(1, 4))
            ]
        return [
            {"decision": decision, "segments": segments, "decided_on": "2025-06-01", **interval}
            for decision, interval, segments in decided
        ]

    def _stages(self, parties: Iterable[tuple[str, str]]) -> Rows:
        rows: Rows = []
        for mpid, role in parties:
            for stage in self.random.sample(STAGES, self.random.choice([0, 0, 1, 3, 5])):
                rows.append(
                    {
                        "mpid": mpid,
                        "market_role": role,
                        "stage": stage,
                        "tranche": self.random.choice([None, "T1", "T2"]),
                        "planned_on": self._maybe_day(0.7),
                        "forecast_on": self._maybe_day(0.4),
                        "completed_on": self._maybe_day(0.4),
                    }
                )
        return rows

    def _holder(self) -> str:
        """Mostly one of the Suppliers; now and then an MPID that nobody knows as one."""
        return self.random.choice([*self.suppliers * 2, self.mpids[14], self.mpids[15]])

    def _id(self, letter: str, mpan: str, number: int) -> str:
        """Ids sort by code point: R-10 before R-9, capitals before small letters, é after all."""
        prefix = self.random.choice([letter, letter.lower(), "Z", "a", "_", "é"])
        return f"{prefix}-{self.random.choice([9, 10, 11])}-{mpan}-{number}"

    def _requested_at(self) -> str | None:
        """Around midnight, at offsets that put the day of the text beside the day in London."""
        if self._chance(0.3):
            return None
        clock_changes = [date(2026, 3, 29), date(2026, 10, 25)]
        day = self.random.choice([*self.days, M14, M14 - timedelta(1), *clock_changes])
        clock = self.random.choice(["23:30:00", "00:30:00", "01:30:00", "22:59:59", "00:00:00"])
        offset = self.random.choice(["+00:00", "+01:00", "-01:00", "+02:00", "+00:30"])
        return f"{day}T{clock}{offset}"

    def _registrations(self, mpan: str) -> Rows:
        rows: Rows = []
        following: date | None = None
        for number in range(self.random.choice([0, 1, 1, 2, 2, 3, 4, 5])):
            interval = self._interval()
            if following and self._chance(0.4):
                interval["effective_from"] = str(following)
                if interval["effective_to"] and interval["effective_to"] < str(following):
                    interval["effective_to"] = None
            if interval["effective_to"] and interval["effective_to"] < "9999":
                following = date.fromisoformat(interval["effective_to"]) + timedelta(1)
            rows.append(
                {
                    "registration_id": self._id("R", mpan, number),
                    "mpan": mpan,
                    "supplier_mpid": self._holder(),
                    "registration_type": self.random.choice(["SWITCH", "SWITCH", "INITIAL"]),
                    "registration_status": self.random.choice(
                        ["ACTIVE"] * 6 + ["PENDING", "CANCELLED"]
                    ),
                    "requested_at": self._requested_at(),
                    **interval,
                    "market_segment": self.random.choice("SSAU"),
                    "gsp_group_id": "_A",
                    "rmp_status": self.random.choice("COOOOOT"),
                    "mp_status": self.random.choice("NRRRRTX"),
                    "annual_kwh": self.random.choice([None, "0", "3000", "12.5", "100000"]),
                }
            )
        return rows

    def _migrations(self, mpan: str) -> Rows:
        rows: dict[tuple[str, str], dict[str, str | None]] = {}
        day = self._day()
        for _ in range(self.random.choice([0, 1, 1, 2, 3, 4])):
            direction = self.random.choice(["FORWARD", "FORWARD", "REVERSE"])
            rows[direction, str(day)] = {
                "mpan": mpan,
                "direction": direction,
                "effective_from": str(day),
                "scenario": self.random.choice([None, "MCA", "MCS"]),
                "supplier_mpid": self._holder() if self._chance(0.7) else None,
            }
            if self._chance(0.7):
                day = self._day()
        return list(rows.values())

    def _appointments(self, mpan: str, parties: Sequence[tuple[str, str]]) -> Rows:
        rows: Rows = []
        for number in range(self.random.choice([0, 1, 2, 3, 5])):
            role = self.random.choice(SERVICE_ROLES)
            agents = [mpid for mpid, acts_as in parties if acts_as == role]
            if not agents or self._chance(0.2):
                agents = [*self.agents, self.mpids[15]]
            rows.append(
                {
                    "appointment_id": self._id("A", mpan, number),
                    "mpan": mpan,
                    "service_role": role,
                    "agent_mpid": self.random.choice(agents),
                    "appointment_status": self.random.choice(
                        ["ACTIVE"] * 6 + ["PENDING", "REJECTED", "LAPSED", "CANCELLED"]
                    ),
                    **self._interval(),
                }
            )
        return rows


def random_landing(numbers: Iterable[int], seed: int, as_of: date) -> Landing:
    """Many markets in one landing."""
    landing: Landing = {}
    for number in numbers:
        for extract, rows in RandomMarket(number, seed, as_of).landing().items():
            landing.setdefault(extract, []).extend(rows)
    return landing


def _mpid(number: int) -> str:
    """Four of 0-9A-Z; the first ones look like numbers, and must stay text."""
    letters = ""
    for _ in range(4):
        number, digit = divmod(number, 36)
        letters = BASE_36[digit] + letters
    return letters
