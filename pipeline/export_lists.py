"""The lists that can be downloaded: which mart, in which order, narrowed by which filters.

A page counts its rows by the same compiled condition (`condition`) that the file is written by, so
the rows in the file are the rows that the page counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import PipelineError
from pipeline.sql_text import severity_rank

Filters = Mapping[str, Sequence[str]]
Kind = Literal["any_of", "from_day", "to_day", "yes", "text"]

LIST_FORMATS = ("csv", "xlsx", "parquet")
NOT_NAMED = "-"
# Approval bodies as `missing_approvals` of the marts names them.
BODIES = {
    "BSC_PAB": "BSC Performance Assurance Board",
    "REC_CM": "REC Code Manager",
    "DIP_MGR": "DIP Manager",
}
# The lists of exceptions that compliance finds every morning, whatever nobody asked for.
STANDING: Mapping[str, Filters] = {
    "open-breaches": {"severity": ("BREACH",), "status": ("OPEN",)},
    "new": {"change": ("NEW",)},
    "escalated": {"change": ("ESCALATED",)},
    "all": {},
}
_BY_SEVERITY = severity_rank("severity")


class ExportRefused(PipelineError):
    """The request names what there is not, or what the format cannot hold."""

    exit_code = 2


@dataclass(frozen=True)
class Filter:
    """One way to narrow a list: a name for URLs and the command line, and what it tests.

    `{values}` in the expression of an `any_of` stands for the values; without it the expression
    has to be one of them. `means` says what the mart has for a value, where that is another text.
    """

    label: str
    expression: str
    kind: Kind = "any_of"
    means: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportList:
    """A list that can be downloaded. Its title is also that of a sheet: 31 characters in Excel."""

    name: str
    title: str
    mart: str
    order_by: tuple[str, ...]
    filters: Mapping[str, Filter]


@dataclass(frozen=True)
class Source:
    """Where rows come from: SQL from `from` on, their order or none, and the values of both."""

    rows: str
    order_by: str
    values: Sequence[Any]

    @property
    def rows_in_order(self) -> str:
        return f"{self.rows} order by {self.order_by}" if self.order_by else self.rows


_PARTY = {
    "mpid": Filter("Party", "mpid"),
    "not_qualified": Filter("Not Qualified", "not is_qualified", "yes"),
    "q": Filter(
        "Name or MPID contains",
        "contains(lower(concat_ws(' ', participant_name, mpid)), lower(?))",
        "text",
    ),
}

LISTS: dict[str, ExportList] = {
    each.name: each
    for each in (
        ExportList(
            name="exceptions",
            title="Exceptions",
            mart="fct_exception",
            order_by=(_BY_SEVERITY, "rule_id", "occurred_on", "exception_id"),
            filters={
                "rule_id": Filter("Rule", "rule_id"),
                "severity": Filter("Severity", "severity"),
                "status": Filter("Status", "status"),
                "mpid": Filter("Party", f"coalesce(mpid, '{NOT_NAMED}')"),
                "market_segment": Filter("Market segment", "market_segment"),
                "gsp_group_id": Filter("GSP group", "gsp_group_id"),
                "occurred_from": Filter("Occurred from", "occurred_on", "from_day"),
                "occurred_to": Filter("Occurred to", "occurred_on", "to_day"),
                "change": Filter("Since the last publication", "change_since_previous"),
            },
        ),
        ExportList(
            name="suppliers",
            title="Readiness of Suppliers",
            mart="rpt_supplier_readiness",
            order_by=(
                "points_not_qualified desc",
                "is_qualified",
                "live_metering_points desc",
                "mpid",
            ),
            filters={
                "readiness_status": Filter("Status", "readiness_status"),
                "tranche": Filter("Tranche", "tranche"),
                "size_band": Filter("Size band", "size_band"),
                "market_segment": Filter(
                    "Holds points of segment",
                    "mpid in (select supplier_mpid from marts.rpt_daily_position "
                    "where date_day = (select max(as_of) from marts.rpt_m14_headline) "
                    "and market_segment in ({values}))",
                ),
                "missing": Filter(
                    "Missing approval",
                    "list_has_any(string_split(missing_approvals, ', '), [{values}])",
                    means=BODIES,
                ),
                **_PARTY,
            },
        ),
        ExportList(
            name="agents",
            title="Readiness of agents",
            mart="rpt_agent_readiness",
            order_by=(
                "points_served_not_qualified desc",
                "is_qualified",
                "mhhs_points_served desc",
                "mpid",
                "market_role",
            ),
            filters={
                "market_role": Filter("Role", "market_role"),
                "readiness_status": Filter("Status", "readiness_status"),
                "tranche": Filter("Tranche", "tranche"),
                **_PARTY,
            },
        ),
        ExportList(
            name="networks",
            title="Readiness of network operators",
            mart="rpt_dno_readiness",
            order_by=(
                "was_qualified_on_m11",
                "first_qualified_on desc nulls first",
                "distributor_id",
                "mpid",
            ),
            filters={"gsp_group_id": Filter("GSP group", "gsp_group_id"), **_PARTY},
        ),
        ExportList(
            name="tranches",
            title="Progress of tranches",
            mart="rpt_tranche_progress",
            order_by=("tranche = '-'", "tranche", "market_role", "stage_order", "stage"),
            filters={
                "tranche": Filter("Tranche", "tranche"),
                "market_role": Filter("Role", "market_role"),
                "stage": Filter("Stage", "stage"),
            },
        ),
        ExportList(
            name="quarantine",
            title="Lines in quarantine",
            mart="fct_quarantined_row",
            order_by=("file", "line", "load_id"),
            filters={
                "file": Filter("File", "file"),
                "extract": Filter("Extract", "split_part(file, '/', 1)"),
                "reason": Filter("Reason", "reason"),
                "column_name": Filter("Column", f"coalesce(column_name, '{NOT_NAMED}')"),
            },
        ),
        ExportList(
            name="noted",
            title="Values replaced by null",
            mart="fct_noted_value",
            order_by=("file", "line", "column_name", "load_id"),
            filters={
                "file": Filter("File", "file"),
                "reason": Filter("Reason", "reason"),
                "column_name": Filter("Column", "column_name"),
            },
        ),
        ExportList(
            name="rules",
            title="The rules",
            mart="dim_rule",
            order_by=("family <> 'Suppliers'", "family", "rule_id"),
            filters={
                "rule_id": Filter("Rule", "rule_id"),
                "family": Filter("Family", "family"),
            },
        ),
        ExportList(
            name="loads",
            title="Files loaded",
            mart="rpt_load",
            order_by=("business_date desc nulls first", "extract", "sequence", "load_id"),
            filters={
                "extract": Filter("Extract", "extract"),
                "kind": Filter("Kind", "kind"),
                "outcome": Filter("Outcome", "outcome"),
                "business_from": Filter("Business date from", "business_date", "from_day"),
                "business_to": Filter("Business date to", "business_date", "to_day"),
            },
        ),
    )
}


def format_of(out: Path, known: Sequence[str], named: str | None = None) -> str:
    """The format that is named, else the one that the file name ends in. They may not differ."""
    ending = out.suffix.removeprefix(".").lower()
    if named is None:
        if ending not in known:
            endings = " or ".join(f".{each}" for each in known)
            raise ExportRefused(f"The file name {out} does not end in {endings}: change it.")
        return ending
    if ending != named and ending in known:
        raise ExportRefused(
            f"The file name {out} ends in .{ending}, but the format is {named}: change one of them."
        )
    return named


def parse_filters(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """`["rule_id=SUP-01", "severity=BREACH"]`, as on the command line, to filters.

    A name given twice selects rows with either value.
    """
    filters: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise ExportRefused(f"Write a filter as NAME=VALUE, not {word!r}.")
        filters[name] = (*filters.get(name, ()), value)
    return filters


def condition(export_list: ExportList, filters: Filters) -> tuple[str, list[Any]]:
    """The SQL condition of the filters, values as parameters. No filters: `true`."""
    tests: list[str] = []
    values: list[Any] = []
    for name, chosen in sorted(filters.items()):
        known = export_list.filters.get(name)
        if known is None:
            raise ExportRefused(
                f"The list {export_list.name!r} has no filter {name!r}; it has: "
                f"{', '.join(export_list.filters)}."
            )
        if not chosen:
            continue
        if known.kind == "any_of":
            tests.append(_any_of(known, len(chosen)))
            values.extend(_meaning(name, known, value) for value in sorted(chosen))
        elif known.kind == "yes":
            if _is_yes(name, chosen):
                tests.append(known.expression)
        elif known.kind == "text":
            tests.append(known.expression)
            values.append(_one(name, chosen))
        else:
            tests.append(f"{known.expression} {'>=' if known.kind == 'from_day' else '<='} ?")
            values.append(_day(name, chosen))
    return " and ".join(tests) or "true", values


def _any_of(known: Filter, count: int) -> str:
    places = ", ".join("?" for _ in range(count))
    if "{values}" in known.expression:
        return known.expression.replace("{values}", places)
    return f"{known.expression} in ({places})"


def _meaning(name: str, known: Filter, value: str) -> str:
    if known.means and value not in known.means:
        raise ExportRefused(f"The filter {name!r} takes {', '.join(known.means)}, not {value}.")
    return known.means.get(value, value)


def _is_yes(name: str, chosen: Sequence[str]) -> bool:
    if len(chosen) != 1 or chosen[0].lower() not in {"true", "false"}:
        raise ExportRefused(f"The filter {name!r} takes true or false, not {', '.join(chosen)}.")
    return chosen[0].lower() == "true"


def _one(name: str, chosen: Sequence[str]) -> str:
    if len(chosen) != 1:
        raise ExportRefused(f"The filter {name!r} takes one text, not {', '.join(chosen)}.")
    return chosen[0]


def _day(name: str, chosen: Sequence[str]) -> date:
    try:
        (day,) = chosen
        return date.fromisoformat(day)
    except ValueError:
        raise ExportRefused(
            f"The filter {name!r} takes one day as YYYY-MM-DD, not {', '.join(chosen)}."
        ) from None


def in_words(export_list: ExportList, filters: Filters) -> str:
    """The filters as a person reads them."""
    parts = []
    for name, chosen in sorted(filters.items()):
        known = export_list.filters[name]
        if known.kind == "yes":
            parts += [known.label] if chosen and _is_yes(name, chosen) else []
        elif chosen:
            named = (known.means.get(value, value) for value in sorted(chosen))
            parts.append(f"{known.label}: {' or '.join(named)}")
    return "; ".join(parts) or "No filter: every row"
