"""The words in which a scripted case is told: what happens to one Metering Point, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.simulate.appointments import (
    AGENTS,
    APPOINTMENT_SCENARIOS,
    APPOINTMENT_VERSION,
    ROLES,
)
from pipeline.simulate.appointments import STATUSES as APPOINTMENT_STATUSES
from pipeline.simulate.cast import SUPPLIER_MPIDS
from pipeline.simulate.days import FOREVER, LONG_AGO, day
from pipeline.simulate.regimes import DIRECTIONS, MIGRATION_VERSION, SCENARIOS
from pipeline.simulate.switching import (
    ACTIVE,
    CANCELLED,
    MP_STATUSES,
    PENDING,
    REGISTRATION_VERSION,
    RMP_STATUSES,
    TYPES,
)

# First registrations of scripted points begin here, a day later from point to point.
SINCE = day("2019-05-01")

GOOD = "ZWHI"  # a Supplier that is Qualified all along
METERING, DATA = "ZCAI", "ZLIN"  # and such agents

Row = dict[str, Any]


@dataclass
class Script:
    """The scripted Metering Points: how many, their wrong MPANs and the versions of their rows."""

    points: int
    wrong_mpans: dict[str, list[int]]
    rows: dict[str, list[Row]]

    def versions(self, extract: str) -> pl.DataFrame:
        """Versions of an extract, in the columns of the generated ones."""
        schema = {
            "registration": REGISTRATION_VERSION,
            "migration": MIGRATION_VERSION,
            "appointment": APPOINTMENT_VERSION,
        }[extract]
        return pl.DataFrame(self.rows[extract], schema=schema, orient="row")


class Story:
    """What happens to one scripted Metering Point, told in the words of the market."""

    def __init__(self, point: int, rows: dict[str, list[Row]]) -> None:
        self.point, self._rows = point, rows
        self._registrations = self._appointments = 0

    def _known(self, start: int, end: int | None, deletes: bool = False) -> Row:
        return {"known_from": start, "known_to": end or FOREVER, "deletes": deletes}

    def registration(
        self,
        supplier: str,
        start: int,
        end: int | None = None,
        *,
        kind: str = "SWITCH",
        requested: int | None = None,
        activated: int | None = None,
        ended: int | None = None,
        rmp: str = "O",
        mp: str = "T",
    ) -> None:
        """A registration: PENDING from its request, ACTIVE from `activated`, ended from `ended`.

        `activated` is FOREVER for a request that stays PENDING; by default both are known in time.
        """
        activated = start if activated is None else activated
        row = {
            "point": self.point,
            "serial": self._registrations,
            "supplier": SUPPLIER_MPIDS.index(supplier),
            "type": TYPES.index(kind),
            "requested": requested,
            "minute": 200 + self.point,
            "effective_from": start,
            "effective_to": None,
            "rmp": RMP_STATUSES.index(rmp),
            "mp": MP_STATUSES.index(mp),
        }
        self._registrations += 1
        if requested is not None:
            known = self._known(requested, activated)
            self._rows["registration"].append(row | known | {"status": PENDING})
        ended = end + 1 if ended is None and end is not None else ended
        known = self._known(activated if requested is not None else LONG_AGO, ended)
        if activated < FOREVER:
            self._rows["registration"].append(row | known | {"status": ACTIVE})
        if end is not None and ended is not None:
            known = self._known(ended, None) | {"effective_to": end}
            self._rows["registration"].append(row | known | {"status": ACTIVE})

    def corrected(self, supplier: str, told: int) -> None:
        """The latest registration turns out on a day to be another Supplier's, from its start."""
        wrong = self._rows["registration"][-1]
        right = wrong | {"supplier": SUPPLIER_MPIDS.index(supplier), "known_from": told}
        self._rows["registration"].append(right)
        wrong["known_to"] = told

    def cancelled(self, supplier: str, start: int, *, deleted: bool = False) -> None:
        """A request that is cancelled, or was entered in error and is taken out again."""
        self.registration(supplier, start, requested=start - 9, activated=FOREVER)
        row = self._rows["registration"][-1]
        row["known_to"], row["deletes"] = start - 6, deleted
        if not deleted:
            known = self._known(start - 6, None)
            self._rows["registration"].append(row | known | {"status": CANCELLED})

    def first(self, supplier: str, end: int | None = None) -> None:
        """The first registration, years ago."""
        self.registration(supplier, SINCE + self.point, end, kind="INITIAL")

    def switch(self, before: str, after: str, number: int, **more: Any) -> None:
        """A point first held by one Supplier and gained by another on a day."""
        self.first(before, number - 1)
        self.registration(after, number, requested=more.pop("requested", number - 7), **more)

    def event(
        self, direction: str, number: int, supplier: str | None, *, removed: int | None = None
    ) -> None:
        """A migration event, known on its day; `removed` is the day it is taken out again."""
        self._rows["migration"].append(
            {
                "point": self.point,
                "direction": DIRECTIONS.index(direction),
                "effective_from": number,
                "scenario": SCENARIOS.index("MCA") if direction == "FORWARD" else None,
                "supplier": SUPPLIER_MPIDS.index(supplier) if supplier else None,
                **self._known(number, removed, removed is not None),
            }
        )

    def appointment(
        self,
        role: str,
        agent: str,
        start: int,
        end: int | None = None,
        *,
        scenario: str | None = "MCA",
        status: str = "ACTIVE",
    ) -> None:
        """An appointment, known on its first day, and its end on the day after."""
        row = {
            "point": self.point,
            "serial": 50 + self._appointments,
            "role": ROLES.index(role),
            "agent": AGENTS.index(agent),
            "status": APPOINTMENT_STATUSES.index(status),
            "scenario": APPOINTMENT_SCENARIOS.index(scenario) if scenario else None,
            "effective_from": start,
            "effective_to": None,
        }
        self._appointments += 1
        rows = self._rows["appointment"]
        rows.append(row | self._known(start, None if end is None else end + 1))
        if end is not None:
            rows.append(row | self._known(end + 1, None) | {"effective_to": end})

    def migrated(
        self,
        number: int,
        supplier: str = GOOD,
        end: int | None = None,
        *,
        metering: str | None = METERING,
        data: str | None = DATA,
    ) -> None:
        """A migration with its appointments, up to the day before a Reverse Migration if any."""
        self.event("FORWARD", number, supplier)
        if metering:
            self.appointment("MSS", metering, number, end)
        if data:
            self.appointment("SDS", data, number, end)
