"""An exception found, with the columns that the golden cases list."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from oracle.days import as_date


@dataclass(frozen=True)
class Finding:
    rule_id: str
    subject_key: str
    occurred_on: date | None
    ended_on: date | None
    severity: str
    status: str
    reason_code: str | None
    mpid: str | None
    mpan: str | None
    is_in_flight: bool
    exception_id: str


def finding(
    rule_id: str,
    key: str,
    occurred: int,
    severity: str,
    status: str,
    *,
    ended: int | None = None,
    reason: str | None = None,
    mpid: str | None = None,
    mpan: str | None = None,
    is_in_flight: bool = False,
) -> Finding:
    """An exception; its id is the md5 of rule, key and first day."""
    occurred_on = as_date(occurred)
    text = f"{rule_id}|{key}|{occurred_on}"
    return Finding(
        rule_id=rule_id,
        subject_key=key,
        occurred_on=occurred_on,
        ended_on=as_date(ended),
        severity=severity,
        status=status,
        reason_code=reason,
        mpid=mpid,
        mpan=mpan,
        is_in_flight=is_in_flight,
        exception_id=hashlib.md5(text.encode()).hexdigest(),
    )
