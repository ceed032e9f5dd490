"""Industry Standing Data, entity M16 -> rows of `participant`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from typing import Any

from pipeline.contracts import PARTICIPANT
from pipeline.intake.adapters.opened import (
    Adapted,
    Element,
    adapt,
    is_text,
    json_array,
    plain,
    uk_date,
)
from pipeline.intake.records import Record, UnclosedQuote, read_records
from pipeline.intake.source import Refused

ENTITY = "M16"
_COLUMNS = [column.name for column in PARTICIPANT.columns]
# Titles may go on with the entity in braces: `Effective From Date {MP2DPM}`.
_TITLES = {
    "mpid": "Market Participant ID",
    "market_role": "DIP Role Code",
    "dip_id": "DIP Participant ID",
    "effective_from": "Effective From Date",
    "effective_to": "Effective To Date",
}


def open_isd(path: Path, ext: str, scratch: Path) -> Adapted:
    """Read a file of M16, JSON or CSV."""
    read = _from_csv if ext.startswith("csv") else _from_json
    return adapt(path, ext, scratch, _COLUMNS, read, Adapted(""))


def _from_json(blocks: Iterator[bytes]) -> Iterator[Record]:
    """One record per company detail; its line is its number in the file, from 1."""
    numbers = count(1)
    for _, text, value in json_array(blocks):
        company = value.get("payload", value) if isinstance(value, dict) else None
        details = company.get("companyDetails") if isinstance(company, dict) else None
        if not isinstance(company, dict) or not isinstance(details, list):
            yield Element(next(numbers), text, [])
            continue
        about = {name: company.get(name) for name in ("companyRegNumber", "companyName")}
        for detail in details:
            yield _element(next(numbers), about, detail)


def _element(line: int, about: dict[str, Any], detail: Any) -> Element:
    if not isinstance(detail, dict):
        return Element(line, json.dumps(about | {"companyDetails": [detail]}), [])
    fields = _fields(
        mpid=plain(detail.get("MPID")),
        market_role=plain(detail.get("DIPRole")),
        participant_name=plain(about["companyName"]),
        company_number=plain(about["companyRegNumber"]),
        dip_id=plain(detail.get("DIPID")),
        effective_from=plain(detail.get("datetimeFrom")),
        effective_to=plain(detail.get("datetimeTo")),
    )
    return Element(line, json.dumps(about | detail), fields if is_text(fields) else [])


def _from_csv(blocks: Iterator[bytes]) -> Iterator[Record]:
    """One record per line after the titles; the file names no company, so the MPID stands in."""
    try:
        records = read_records(_without_bom(blocks))
        entity, titles = next(records, None), next(records, None)
        if entity is None:
            raise Refused("EMPTY", "it has no content; ask for the file again.")
        if titles is None:
            raise Refused("MISSING_COLUMN", "it has no titles on its second line.")
        if not entity.fields[0].endswith(ENTITY):
            raise Refused(
                "MISSING_COLUMN", f"its first line names {entity.fields[0]!r}, not entity {ENTITY}."
            )
        places = _places(titles.fields)
        for record in records:
            if len(record.fields) != len(titles.fields):
                yield Record(record.line, record.text, [])
                continue
            values = {name: record.fields[place] for name, place in places.items()}
            fields = _fields(**values, participant_name=values["mpid"])
            yield Record(record.line, record.text, fields)
    except UnclosedQuote as error:
        raise Refused("UNREADABLE", f"{error}; ask for the file again.") from None


def _without_bom(blocks: Iterator[bytes]) -> Iterator[bytes]:
    return chain([next(blocks, b"").removeprefix(b"\xef\xbb\xbf")], blocks)


def _places(titles: list[str]) -> dict[str, int]:
    """Where each needed column stands."""
    short = [title.partition(" {")[0] for title in titles]
    missing = [title for title in _TITLES.values() if short.count(title) != 1]
    if missing:
        raise Refused(
            "MISSING_COLUMN", f"its titles do not have {', '.join(missing)} exactly once."
        )
    return {name: short.index(title) for name, title in _TITLES.items()}


def _fields(**values: str) -> list[str]:
    for name in ("effective_from", "effective_to"):
        values[name] = uk_date(values[name], needs_offset=False)
    return [values.get(name, "") for name in _COLUMNS]
