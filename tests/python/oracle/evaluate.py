"""All rules over one set of extracts, and what the marts should then say."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.agent_rules import agent_findings
from oracle.finding import Finding
from oracle.integrity_rules import integrity_findings
from oracle.market import Extracts, Market
from oracle.parties import Parties
from oracle.party_rules import party_findings
from oracle.points import Points
from oracle.supplier_rules import supplier_findings


@dataclass(frozen=True)
class Evaluation:
    """Extracts evaluated on the as-of day: the exceptions, and what the marts are counted from."""

    market: Market
    parties: Parties
    points: Points
    findings: list[Finding]


def evaluate(extracts: Extracts, as_of: str) -> Evaluation:
    """Evaluate every rule on the as-of day (ISO date), on extracts as known on that day."""
    market = Market(extracts, as_of)
    parties = Parties(market)
    points = Points(market)
    findings = [
        *supplier_findings(market, parties, points),
        *agent_findings(market, parties, points),
        *party_findings(market, parties, points),
        *integrity_findings(market, points),
    ]
    findings.sort(key=lambda row: (row.rule_id, row.subject_key, row.exception_id))
    if len({row.exception_id for row in findings}) < len(findings):
        raise AssertionError("two exceptions share an id")
    return Evaluation(market, parties, points, findings)
