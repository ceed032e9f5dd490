"""The field's words: what a code of the marts is called on screen, and the mark beside it.

Titles are those of the seeds (a test compares them). A status is always word, shape and colour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "warn", "bad", "plain"]


@dataclass(frozen=True)
class Label:
    """A code in words, with a shape and a tone for those who see colour."""

    title: str
    shape: str
    tone: Tone

    @property
    def text(self) -> str:
        return f"{self.shape} {self.title}"


READINESS = {
    "QUALIFIED": Label("Qualified", "●", "good"),
    "EXEMPT_SCOPE": Label("Qualified in part of its scope", "◐", "warn"),
    "MISSED": Label("Missed M14", "▲", "bad"),
    "NO_PLAN": Label("No plan", "▲", "bad"),
    "LATE": Label("Late", "◆", "bad"),
    "AT_RISK": Label("At risk", "◇", "warn"),
    "ON_TRACK": Label("On track", "○", "plain"),
}
SEVERITY = {
    "BREACH": Label("Breach", "▲", "bad"),
    "WARNING": Label("Warning", "◆", "warn"),
    "REVIEW": Label("Review", "◇", "plain"),
    "EXPOSURE": Label("Exposure", "◐", "warn"),
    "DATA": Label("Data", "□", "plain"),
}
SEVERITY_PLURAL = {
    "BREACH": "breaches",
    "WARNING": "warnings",
    "REVIEW": "to review",
    "EXPOSURE": "exposures",
    "DATA": "data faults",
}
STATUS = {"OPEN": "Open", "CLOSED": "Closed", "RECORDED": "On record"}
SEGMENT = {"S": "Smart", "A": "Advanced", "U": "Unmetered"}
ROLE = {
    "SUP": "Supplier",
    "LDSO": "Licensed Distribution System Operator",
    "REGS": "Registration Service",
    "UMSO": "Unmetered Supplies Operator",
    "MSS": "Metering Service Smart",
    "MSA": "Metering Service Advanced",
    "SDS": "Smart Data Service",
    "ADS": "Advanced Data Service",
    "UMSDS": "Unmetered Supplies Data Service",
    "MDR": "Meter Data Retriever",
    "MOP": "Meter Operator (legacy arrangements)",
    "DC": "Data Collector (legacy arrangements)",
    "DA": "Data Aggregator (legacy arrangements)",
}
LEGACY_ROLES = ("MOP", "DC", "DA")
APPOINTMENT_STATUS = {
    "ACTIVE": "Active",
    "PENDING": "Pending",
    "REJECTED": "Rejected",
    "LAPSED": "Lapsed",
    "CANCELLED": "Cancelled",
}
CHANGE = {
    "ADDED": Label("Added", "+", "plain"),
    "RESOLVED": Label("Resolved", "✓", "plain"),
    "ESCALATED": Label("Escalated", "▲", "plain"),
    "EASED": Label("Eased", "▽", "plain"),
    "RE_STATED": Label("Re-stated", "↻", "plain"),
}
CHANGE_SINCE_PREVIOUS = {"NEW": "New", "ESCALATED": "Escalated", "EASED": "Eased"}
CAUSE = {
    "REAL": "Real change",
    "CORRECTION": "Correction",
    "DEFINITION_CHANGED": "Definition changed",
}
CAUSE_SHORT = {
    "REAL": "real",
    "CORRECTION": "corrected",
    "DEFINITION_CHANGED": "by another definition",
}
QUARANTINE = {
    "FIELD_COUNT": "Another number of fields than the header",
    "MISSING_VALUE": "A value that must be there is missing",
    "BAD_FORMAT": "A value cannot be read",
    "BAD_VALUE": "A value is none of those allowed",
    "BAD_INTERVAL": "It ends before it begins",
    "DUPLICATE_KEY": "A later line has the same key",
}
REFUSAL = {
    "BAD_NAME": "The name is not understood",
    "NOT_A_FILE": "It is not a file",
    "FUTURE_DATE": "Its date is in the future",
    "UNREADABLE": "It cannot be read",
    "BAD_ENCODING": "It is not UTF-8",
    "EMPTY": "It is empty",
    "MISSING_COLUMN": "A column is missing",
    "MANIFEST_MISMATCH": "It differs from its manifest",
    "SHRUNK": "It has far fewer rows than the one before",
}
OUTCOME = {
    "accepted": "Accepted",
    "superseded": "Superseded",
    "skipped": "Skipped",
    "refused": "Refused",
    "withdrawn": "Withdrawn",
}
SIZE_BAND = {"large": "Large", "medium": "Medium", "small": "Small"}
BODY = {
    "BSC_PAB": "BSC Performance Assurance Board",
    "REC_CM": "REC Code Manager",
    "DIP_MGR": "DIP Manager",
}
BODY_SHORT = {
    "BSC Performance Assurance Board": "BSC PAB",
    "REC Code Manager": "REC CM",
    "DIP Manager": "DIP",
}
STAGE = {
    "PQS": "Pre-Qualification Submission",
    "PIT": "Pre-Integration Testing",
    "QAD_INITIAL": "Initial Qualification Assessment Document",
    "TESTING": "Systems Integration or Qualification Testing",
    "QAD_FINAL": "Final Qualification Assessment Document",
}
STAGE_SHORT = {
    "PQS": "Pre-Qualification Submission",
    "PIT": "Pre-Integration Testing",
    "QAD_INITIAL": "Initial QAD",
    "TESTING": "Testing (SIT or QT)",
    "QAD_FINAL": "Final QAD",
}
AGENT_KIND = {"METERING": "Metering Equipment Manager", "DATA": "Data Service"}
AGENT_ROLES = {"METERING": ("MSS", "MSA"), "DATA": ("SDS", "ADS", "UMSDS")}
REASON = {
    "UNKNOWN": "No row in standing data",
    "FUTURE": "Approvals take effect later",
    "SCOPE": "Qualified for other segments",
    "LAPSED": "Approval lapsed",
    "PARTIAL": "Approved in part",
    "NONE": "No approval",
}
REGIME = {"MHHS": "Migrated", "LEGACY": "Legacy arrangements"}
GSP_GROUP = {
    "_A": "Eastern",
    "_B": "East Midlands",
    "_C": "London",
    "_D": "Merseyside and North Wales",
    "_E": "Midlands",
    "_F": "Northern",
    "_G": "North Western",
    "_H": "Southern",
    "_J": "South Eastern",
    "_K": "South Wales",
    "_L": "South Western",
    "_M": "Yorkshire",
    "_N": "South Scotland",
    "_P": "North Scotland",
}
NO_PARTY = "No party named"


def party(name: str | None, mpid: str | None) -> str:
    """Alder Energy (ALDR)"""
    if mpid is None or mpid == "-":
        return NO_PARTY
    return f"{name} ({mpid})" if name else mpid


def role(code: str) -> str:
    """Smart Data Service (SDS)"""
    return f"{ROLE[code]} ({code})" if code in ROLE else code


def stage(code: str | None) -> str:
    return STAGE_SHORT.get(code, code) if code else "Approval"


def readiness_text(code: str | None) -> str:
    return READINESS[code].text if code in READINESS else str(code)


def changes_of(codes: Iterable[str]) -> dict[str, Label]:
    """The labels of those kinds of change that occur."""
    found = set(codes)
    return {code: label for code, label in CHANGE.items() if code in found}


def severity_text(code: str | None) -> str:
    return SEVERITY[code].text if code in SEVERITY else str(code)
