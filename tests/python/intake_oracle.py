"""A slow, plain reading of the contract for one CSV file: what the intake is compared with.

Nothing here is shared with the intake but the list of columns: the parser goes character by
character, the checks are regular expressions and the standard library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from pipeline.contracts import CHANGE_TYPE, EXTRACTS, Column, Kind

DECISIONS = ("APPROVED", "CONDITIONAL", "DEFERRED", "REJECTED", "WITHDRAWN")
FORMS = (
    r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})",
    r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
    r"(?P<d>[0-9]{2})/(?P<m>[0-9]{2})/(?P<y>[0-9]{4})",
)
TIMESTAMP = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"(Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
BAD = object()
# A bad value here becomes null and is noted; the row stands.
NOTED = (*("connection_type", "ldso_mpid", "energisation_status", "is_domestic", "annual_kwh"),)


@dataclass
class Expected:
    """What the contract says of one file."""

    refused: str | None = None
    lines: int = 0
    repeated: int = 0
    accepted: list[tuple[Any, ...]] = field(default_factory=list)
    quarantined: list[tuple[int, str, str | None, str]] = field(default_factory=list)
    noted: list[tuple[int, str, str, str]] = field(default_factory=list)


def read(content: bytes, extract_name: str, kind: str) -> Expected:
    """The fate of every line."""
    extract = EXTRACTS[extract_name]
    columns = ([CHANGE_TYPE] if kind == "delta" else []) + list(extract.columns)
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        return Expected("BAD_ENCODING")
    records = parse(text)
    if records is None:
        return Expected("UNREADABLE")
    if not records:
        return Expected("EMPTY")
    header = records[0][2]
    if len(records) == 1 and "\r" in re.sub('"[^"]*"', "", records[0][1]):
        return Expected("UNREADABLE")  # a file whose lines end in carriage returns alone
    if len(set(header)) < len(header):
        return Expected("MISSING_COLUMN")
    if any(c.required and c.name not in header for c in columns):
        return Expected("MISSING_COLUMN")
    rows = records[1:]
    result = Expected(lines=len(rows))
    whole = [fields for _, _, fields in rows if len(fields) == len(header)]
    forms = {
        c.name: _form([f[header.index(c.name)] for f in whole if c.name in header])
        for c in columns
        if c.kind is Kind.DATE
    }
    last = {tuple(fields): number for number, (_, _, fields) in enumerate(rows)}
    standing = []
    for number, (line, raw, fields) in enumerate(rows):
        if last[tuple(fields)] != number:
            result.repeated += 1
            continue
        fault, values, notes = _judge(fields, header, columns, extract.key, forms, kind)
        if fault is not None:
            result.quarantined.append((line, *fault, raw))
        else:
            standing.append((line, raw, values, notes))
    keys = {_key(values, extract.key): line for line, _, values, _ in standing}
    for line, raw, values, notes in standing:
        if keys[_key(values, extract.key)] == line:
            result.accepted.append(tuple(values[c.name] for c in columns))
            result.noted += [(line, *note) for note in notes]
        else:
            result.quarantined.append((line, "DUPLICATE_KEY", None, raw))
    result.quarantined.sort()
    return result


def parse(text: str) -> list[tuple[int, str, list[str]]] | None:
    """(line, text word for word, fields) of every record; None if quotes stay open."""
    records = []
    position, line = 0, 1
    while position < len(text):
        begun, start = line, position
        fields: list[str] = []
        value = ""
        state = "start"  # of a field; or plain, quoted, closing (a quote seen inside quotes)
        while True:
            char = text[position : position + 1]
            ends = (
                char == ""
                or char == "\n"
                or (char == "\r" and text[position + 1 : position + 2] in ("\n", ""))
            )
            if state == "quoted":
                if char == "":
                    return None
                if char == '"':
                    state = "closing"
                else:
                    value += char
                    line += char == "\n"
                position += 1
                continue
            if state == "closing" and char == '"':
                value += '"'
                state = "quoted"
                position += 1
                continue
            if ends:
                fields.append(value)
                break
            if char == ",":
                fields.append(value)
                value, state = "", "start"
            elif char == '"' and state == "start":
                state = "quoted"
            else:
                value += char
                state = "plain"
            position += 1
        raw = text[start:position]
        position += len(char) + (char == "\r" and text[position + 1 : position + 2] == "\n")
        line += 1
        if raw:
            records.append((begun, raw, fields))
    return records


def _judge(fields, header, columns, key, forms, kind):  # type: ignore[no-untyped-def]
    if len(fields) != len(header):
        return ("FIELD_COUNT", None), {}, []
    texts = {c.name: fields[header.index(c.name)] if c.name in header else "" for c in columns}
    deletes = kind == "delta" and texts["change_type"] == "D"
    values = {c.name: _value(texts[c.name], c, forms) for c in columns}
    notes = []
    for column in columns:
        if deletes and column.name not in ("change_type", *key):
            continue
        text, value = texts[column.name], values[column.name]
        if text == "":
            if column.required:
                return ("MISSING_VALUE", column.name), {}, []
        elif value is BAD:
            reason = "BAD_VALUE" if column.kind in (Kind.CHOICE, Kind.LETTERS) else "BAD_FORMAT"
            if column.name not in NOTED:
                return (reason, column.name), {}, []
            notes.append((column.name, reason, text))
        elif column.kind is Kind.NUMBER and Decimal(text) < 0:
            assert column.name in NOTED
            notes.append((column.name, "BAD_VALUE", text))
            values[column.name] = None
    begins, ends = values.get("effective_from"), values.get("effective_to")
    if not deletes and "effective_to" in values and ends is not None and ends < begins:
        return ("BAD_INTERVAL", "effective_to"), {}, []
    return None, {name: None if value is BAD else value for name, value in values.items()}, notes


def _value(text: str, column: Column, forms: dict[str, str]) -> Any:
    """The value a text has in a column: None if empty, BAD if it has none."""
    if text == "":
        return None
    match column.kind:
        case Kind.MPID:
            return text if re.fullmatch("[A-Z0-9]{4}", text) else BAD
        case Kind.MPAN:
            return int(text) if re.fullmatch("[0-9]{13}", text) else BAD
        case Kind.ID:
            bad = any(c == "|" or ord(c) < 32 or 127 <= ord(c) < 160 for c in text)
            return BAD if bad or len(text) > 40 else text
        case Kind.DIGITS_2:
            return text if re.fullmatch("[0-9]{2}", text) else BAD
        case Kind.CHOICE:
            allowed = DECISIONS if column.name == "decision" else column.values
            return text if text in allowed else BAD
        case Kind.LETTERS:
            return text if set(text) <= set(column.values) else BAD
        case Kind.DATE:
            return _date(text, forms[column.name])
        case Kind.TIMESTAMP:
            return _instant(text)
        case Kind.BOOLEAN:
            return {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}.get(
                _ascii_lower(text), BAD
            )
        case Kind.NUMBER:
            return _number(text)
        case _:
            return text


def _ascii_lower(text: str) -> str:
    return text.lower() if text.isascii() else text


def _date(text: str, form: str) -> Any:
    match = re.fullmatch(form, text, re.ASCII)
    if match is None:
        return BAD
    try:
        return date(int(match["y"]), int(match["m"]), int(match["d"]))
    except ValueError:
        return BAD


def _form(texts: list[str]) -> str:
    counts = [sum(_date(text, form) is not BAD for text in texts) for form in FORMS]
    return FORMS[counts.index(max(counts))]


def _instant(text: str) -> Any:
    match = re.fullmatch(TIMESTAMP, text, re.ASCII)
    if match is None:
        return BAD
    day, hour, minute, second, fraction, offset = match.groups()
    offset = "+00:00" if offset == "Z" else offset
    micro = (fraction or "0")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(
            f"{day}T{hour}:{minute}:{second or '00'}.{micro}{offset}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return BAD


def _number(text: str) -> Any:
    if re.fullmatch(NUMBER, text, re.ASCII) is None:
        return BAD
    try:
        value = Decimal(text).quantize(Decimal("0.001"), ROUND_HALF_UP)
    except InvalidOperation:
        return BAD
    return value if abs(value) < 10**15 else BAD


def _key(values: dict[str, Any], key: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(values[name] for name in key)
