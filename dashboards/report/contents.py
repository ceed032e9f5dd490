"""What the board report says: the figures of one publication in words, as plain data.

Every figure is read through `dashboards.data` and put into words by the components that the pages
use, so paper and page cannot differ. Everything depends on the publication alone: the same
publication gives the same report.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import polars as pl

from dashboards import data
from dashboards.components import numbers, words
from dashboards.components.burn_up import BurnUp, forecast_of, points_burn_up, suppliers_burn_up
from dashboards.components.headline import headline_sentence
from dashboards.components.headline_cards import headline_cards
from dashboards.components.largest_holders import Holders, largest_holders
from dashboards.components.sentences import (
    CHANGES,
    changes_title,
    exceptions_sentence,
    not_compared,
    suppliers_sentence,
)
from dashboards.data import View
from dashboards.report.chart import burn_up_svg
from pipeline.errors import PipelineError

TITLE = "MHHS readiness: report to the board"
NONE_YET = numbers.NOT_APPLICABLE
_RECENT_DAYS = 28
_STRONG = re.compile(r"<strong>(.*?)</strong>", re.DOTALL)
# Letters, punctuation, and the shapes of the words: what the fonts of the paper have for sure.
_NOT_ON_PAPER = re.compile(
    r"[^\u0020-\u007e\u00a0-\u024f\u1e00-\u1eff\u2010-\u2027\u2030-\u203a€●◐▲◆◇○□✓]"
)

DEFINITIONS = (
    (
        "Metering Point",
        "One registered point of supply, known by its MPAN. Live: its registration "
        "is in force on the day, and neither the point nor its supply is terminated.",
    ),
    ("Held by", "The Supplier of the registration in force on the day. One day has at most one."),
    (
        "Qualified",
        "Every Code Body that the role needs has granted approval, in force on the day. "
        "Suppliers are Qualified by market segment: Smart, Advanced, Unmetered.",
    ),
    (
        "At risk, in breach",
        "Before M14 a point held by a Supplier that is not Qualified for its "
        "segment is at risk; on or after M14 it is in breach.",
    ),
    (
        "Switch, Reverse Migration",
        "A change of Supplier; a point that goes back from half-hourly "
        "settlement to the arrangements before.",
    ),
    ("Severity", "Breach, warning, review, exposure, data: from a rule broken to a fault of data."),
    (
        "Open, new, resolved, escalated, eased",
        "Open: holds on the as-of day. The others: since the publication of the as-of day "
        "before. Escalated and eased: in both, now with a graver or a lesser severity.",
    ),
    (
        "Expected",
        "The latest date that a Supplier's own plan gives, as forecast or else as "
        "planned. It is their date, not ours.",
    ),
    ("Symbols", f"{numbers.NOT_AVAILABLE} not available, {numbers.NOT_APPLICABLE} not applicable."),
)


class NothingToReport(PipelineError):
    """The publication holds no live Metering Points."""


def contents(view: View) -> dict[str, Any]:
    """All that the paper says. Raises NothingToReport."""
    headline = data.overview.headline(view)
    if headline is None or not headline["live_metering_points"]:
        raise NothingToReport(
            f"The publication {view.publication_id} holds no live Metering Points, so there is "
            "nothing to report. Check the loads: a registration file may be missing or refused."
        )
    suppliers = data.suppliers.readiness(view)
    holders = suppliers.filter(pl.col("points_not_qualified") > 0)
    forecast = forecast_of(suppliers, view.as_of)
    burn_ups = [
        burn_up(view, headline, forecast) for burn_up in (suppliers_burn_up, points_burn_up)
    ]
    report = {
        "title": TITLE,
        "as_of": numbers.long_day(view.as_of),
        "publication_id": view.publication_id,
        "lead": runs(headline_sentence(headline, holders.height)),
        "cards": [
            {"label": card.label, "value": card.value, "note": card.note, "tone": card.tone}
            for card in headline_cards(headline, lambda _: {})
        ],
        "changes": _changes(view, suppliers),
        "charts": [_chart(each, headline) for each in burn_ups],
        "holders": _holders(largest_holders(headline, holders), headline),
        "suppliers": _suppliers(view, suppliers),
        "breaches": _breaches(view),
        "method": _method(view),
    }
    printable: dict[str, Any] = on_paper(report)
    return printable


def runs(markup: str) -> list[dict[str, Any]]:
    """A sentence with `<strong>` parts as plain text, strong or not, part by part."""
    parts = _STRONG.split(markup)
    return [
        {"text": unescape(text), "strong": place % 2 == 1}
        for place, text in enumerate(parts)
        if text
    ]


def on_paper(value: Any) -> Any:
    """The same with a mark in place of every character that the paper's fonts may lack."""
    if isinstance(value, str):
        return value if value.startswith("<svg") else _NOT_ON_PAPER.sub("\ufffd", value)
    if isinstance(value, list):
        return [on_paper(each) for each in value]
    if isinstance(value, dict):
        return {name: on_paper(each) for name, each in value.items()}
    return value


def _chart(found: BurnUp, headline: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": found.title,
        "subtitle": found.subtitle,
        "svg": burn_up_svg(found, headline),
        "alt": f"{found.alt} The figures are in the annex.",
        "has_expected": found.expected.height > 0,
        "mart": found.mart,
        "headings": found.table.columns,
        "rows": [[_text(cell) for cell in row] for row in found.table.rows()],
    }


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _status(label: words.Label) -> dict[str, str]:
    return {"shape": label.shape, "title": label.title, "tone": label.tone}


def _holders(found: Holders, headline: dict[str, Any]) -> dict[str, Any]:
    most = max(found.top["points_not_qualified"].to_list(), default=1)
    return {
        "title": found.title,
        "subtitle": found.subtitle,
        "rows": [
            {
                "name": words.party(row["participant_name"], row["mpid"]),
                "status": _status(words.READINESS[row["readiness_status"]]),
                "points": numbers.whole(row["points_not_qualified"]),
                "share": numbers.percent(
                    row["points_not_qualified"] / headline["points_not_qualified"]
                ),
                "bar": row["points_not_qualified"] / most,
                "energy": numbers.energy(row["kwh_not_qualified"]),
                "expected": _expected(row),
            }
            for row in found.top.to_dicts()
        ],
    }


def _expected(row: dict[str, Any]) -> str:
    day = row["forecast_qualification_on"]
    return numbers.day(day) if day else "no date"


def _suppliers(view: View, suppliers: pl.DataFrame) -> dict[str, Any]:
    m14 = data.frame.milestone_day(view, "M14")
    done = pl.col("readiness_status") == "QUALIFIED"
    return {
        "lead": runs(suppliers_sentence(suppliers, view.as_of, m14)),
        "waiting": [
            {
                "name": words.party(row["participant_name"], row["mpid"]),
                "status": _status(words.READINESS[row["readiness_status"]]),
                "held": numbers.whole(row["points_not_qualified"]),
                "live": numbers.whole(row["live_metering_points"]),
                "missing": _bodies(row["missing_approvals"]),
                "next": words.stage(row["next_stage"]) if not row["is_qualified"] else NONE_YET,
                "due": numbers.day(row["next_due_on"]) if row["next_due_on"] else NONE_YET,
                "expected": NONE_YET if row["is_qualified"] else _expected(row),
            }
            for row in suppliers.filter(~done).to_dicts()
        ],
        "qualified": [
            {
                "name": words.party(row["participant_name"], row["mpid"]),
                "since": numbers.day(row["qualified_from"]),
                "segments": ", ".join(words.SEGMENT[each] for each in row["qualified_segments"]),
                "live": numbers.whole(row["live_metering_points"]),
                "to_migrate": numbers.whole(row["points_to_migrate"]),
            }
            for row in suppliers.filter(done).to_dicts()
        ],
    }


def _bodies(missing: str | None) -> str:
    if not missing:
        return NONE_YET
    for name, short in words.BODY_SHORT.items():
        missing = missing.replace(name, short.replace(" ", "\u00a0"))
    return missing


def _breaches(view: View) -> dict[str, Any]:
    found = data.report.findings(view).to_dicts()
    rows = [
        {
            "severity": _status(words.SEVERITY[row["severity"]]),
            "rule": row["rule_id"],
            "title": row["title"],
            "open": numbers.whole(row["open"]),
            "total": numbers.whole(row["in_total"]),
            "new": numbers.whole(row["new"]),
            "resolved": numbers.whole(row["resolved"]),
            "escalated": numbers.whole(row["escalated"]),
            "oldest": numbers.day(row["oldest_on"]) if row["oldest_on"] else NONE_YET,
            "is_breach": row["severity"] == "BREACH",
        }
        for row in found
    ]
    return {
        "lead": runs(exceptions_sentence(data.exceptions.severity_totals(view))),
        "breaches": [row for row in rows if row["is_breach"]],
        "others": [row for row in rows if not row["is_breach"]],
    }


def _changes(view: View, suppliers: pl.DataFrame) -> dict[str, Any]:
    register = data.exceptions.register(view)
    moved = register.filter(pl.max_horizontal(CHANGES) > 0).sort(
        pl.sum_horizontal(CHANGES), "rule_id", descending=[True, False]
    )
    recent = suppliers.filter(
        pl.col("qualified_from") > view.as_of - pl.duration(days=_RECENT_DAYS)
    ).sort("qualified_from", "mpid", descending=[True, False])
    reason = not_compared(view, data.frame.has_previous(view))
    title, note = reason or (
        changes_title(moved),
        "Since the publication of the as-of day before, by rule",
    )
    return {
        "title": title,
        "note": note,
        "rows": [
            {
                "rule": row["rule_id"],
                "title": row["title"],
                **{name: numbers.whole(row[name]) for name in CHANGES},
            }
            for row in ([] if reason else moved.to_dicts())
        ],
        "became_title": f"{numbers.count_of(recent.height, 'Supplier')} became Qualified in the "
        f"{_RECENT_DAYS} days up to {numbers.day(view.as_of)}",
        "became": [
            f"{words.party(row['participant_name'], row['mpid'])} on "
            f"{numbers.day(row['qualified_from'])}"
            for row in recent.to_dicts()
        ],
    }


def _method(view: View) -> dict[str, Any]:
    manifest = data.health.manifest(view)
    return {
        "definitions": [{"term": term, "text": text} for term, text in DEFINITIONS],
        "milestones": [
            {
                "milestone": row["milestone"],
                "day": numbers.day(row["milestone_date"]),
                "title": row["title"],
                "source": f"{row['baseline']}: {row['source']}",
            }
            for row in data.report.milestones(view).to_dicts()
        ],
        "rules": [
            {
                "rule": row["rule_id"],
                "family": row["family"],
                "title": row["title"],
                "wording": row["wording"],
                "before": words.SEVERITY[row["severity_before"]].title,
                "after": words.SEVERITY[row["severity_from"]].title,
                "milestone": row["milestone"],
                "source": row["source_clause"],
            }
            for row in data.report.rules(view).to_dicts()
        ],
        "sources": [
            {
                "extract": row["extract"].capitalize(),
                "newest": numbers.day(row["newest_on"]),
                "taken": numbers.whole(row["taken"]),
                "refused": numbers.whole(row["refused"]),
                "lines": numbers.whole(row["lines"]),
                "quarantined": numbers.whole(row["quarantined"]),
            }
            for row in data.report.sources(view).to_dicts()
        ],
        "proof": [
            {"name": name, "text": text}
            for name, text in (
                ("As of", f"{numbers.long_day(view.as_of)}: what was known on that day"),
                ("Publication", view.publication_id),
                ("Published", numbers.instant(view.built_at)),
                ("Quality gate", f"passed: {view.tests_passed:,} tests, 0 failed"),
                *(("Published with data missing", loss) for loss in view.accepted_loss),
                ("Version of the code", str(manifest.get("code_version", NONE_YET))),
                ("sha256 of the publication", str(manifest.get("sha256", NONE_YET))),
                *(
                    (f"Checksum of {mart}", str(known["checksum"]))
                    for mart, known in sorted(manifest["marts"].items())
                    if mart in _READ
                ),
            )
        ],
    }


_READ = (
    "rpt_m14_headline",
    "rpt_supplier_readiness",
    "rpt_exception_summary",
    "rpt_daily_position",
    "fct_qualification",
)
