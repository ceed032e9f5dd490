"""The figures of the headline in words, each with the way it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dashboards.components import numbers, words
from dashboards.components.numbers import Number

Kind = Literal["count", "share", "energy"]

# Not figures of the market, but the frame that it stands in.
FRAME = ("as_of", "m14_date", "days_to_m14")
_TITLES = {
    "suppliers": "Suppliers",
    "suppliers_qualified": "Suppliers Qualified for at least one segment",
    "live_metering_points": "Live Metering Points",
    "points_not_qualified": "Points held while not Qualified",
    "points_not_qualified_share": "\u2026 as a share of live points",
    "kwh": "Energy of live points a year",
    "kwh_not_qualified": "Energy held while not Qualified",
    "kwh_not_qualified_share": "\u2026 as a share of energy",
    "migrated_points": "Migrated points",
    "migrated_share": "\u2026 as a share of live points",
    "migrated_kwh_share": "\u2026 as a share of energy",
    "reverse_migrations_28_days": "Reverse Migrations in 28 days",
    "gained_not_qualified_28_days": "Gained while not Qualified in 28 days",
    "reverse_migrations_since_m14": "Reverse Migrations on or after M14",
    "gained_not_qualified_since_m14": "Gained while not Qualified on or after M14",
    "open_breaches": "Open breaches",
    "open_breach_points": "Metering Points with an open breach",
}
_STATUS = "suppliers_status_"


@dataclass(frozen=True)
class Figure:
    """One figure of the headline."""

    name: str
    title: str
    kind: Kind

    def written(self, value: Number | None) -> str:
        if self.kind == "share":
            return numbers.percent(value)
        return numbers.energy(value) if self.kind == "energy" else numbers.whole(value)

    def difference(self, value: Number | None) -> str:
        if self.kind == "share":
            return numbers.signed_share(value)
        return numbers.signed_energy(value) if self.kind == "energy" else numbers.signed(value)


def figure(name: str) -> Figure:
    """The figure that a column of the headline holds; one not known here is called as it is."""
    if name.startswith(_STATUS):
        status = name.removeprefix(_STATUS).upper()
        title = words.READINESS[status].title if status in words.READINESS else status
        return Figure(name, f"Suppliers: {title}", "count")
    title = _TITLES.get(name, name.replace("_", " ").capitalize())
    if name.endswith("_share"):
        return Figure(name, title, "share")
    return Figure(name, title, "energy" if name.startswith("kwh") else "count")
