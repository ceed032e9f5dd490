"""Queries to start from: the questions of `docs/analysts.md`, and one for each rule.

The page of the docs is the one place where the questions stand; a test asks each of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from dashboards.data import store
from dashboards.data.store import View
from pipeline.layout import PROJECT

# How a mart is named in a query, for pages that show it.
EXAMPLE_MART = "marts.rpt_m14_headline"
_QUESTION = re.compile(r"\*\*\d+\. (.+?)\*\*\n\n```sql\n(.+?)```", re.DOTALL)
_POINTS = """\
-- {rule_id}: {wording}
select
    mpid,
    participant_name,
    severity,
    status,
    reason_code,
    count(distinct mpan) as metering_points,
    sum(annual_kwh) as annual_kwh,
    min(counted_from) as oldest_on
from fct_exception
where rule_id = '{rule_id}'
group by all
order by metering_points desc, mpid
"""
_PARTIES = """\
-- {rule_id}: {wording}
select mpid, participant_name, market_role, severity, status, counted_from, days_open, reason_detail
from fct_exception
where rule_id = '{rule_id}'
order by counted_from, mpid
"""


@dataclass(frozen=True)
class Starter:
    """A query and what it asks."""

    key: str
    title: str
    sql: str


@cache
def questions() -> tuple[Starter, ...]:
    """The common questions."""
    page = (PROJECT / "docs" / "analysts.md").read_text("utf-8")
    return tuple(
        Starter(f"question-{number}", title, sql)
        for number, (title, sql) in enumerate(_QUESTION.findall(page), start=1)
    )


def rules(view: View) -> list[Starter]:
    """Of each rule who is at fault, and for how much."""
    found = store.query(
        view.path,
        "select rule_id, title, wording, subject_type from marts.dim_rule "
        "order by family <> 'Suppliers', family, rule_id",
    )
    return [
        Starter(
            row["rule_id"],
            f"{row['rule_id']} {row['title']}",
            (_POINTS if row["subject_type"] == "METERING_POINT" else _PARTIES).format(
                rule_id=row["rule_id"], wording=" ".join(row["wording"].split())
            ),
        )
        for row in found.to_dicts()
    ]
