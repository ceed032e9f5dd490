"""CSV records, exactly: where each begins, what it says word for word, and its fields.

A record ends at a newline outside quotes. Quotes follow RFC 4180; where a writer broke that, as
Python's csv module reads it: a quote inside an unquoted field is a character like any other, and
text after a closing quote is part of the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A longer record is a missing quote or newline, or no CSV at all.
LONGEST_RECORD = 16 << 20


class RecordTooLong(Exception):
    """No end of record within `LONGEST_RECORD` bytes; the message names the line."""


class UnclosedQuote(Exception):
    """The file ends inside quotes; the message names the line where the record begins."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: physical line on which it begins, its text without the end of line."""

    line: int
    text: str
    fields: list[str]

    @property
    def content(self) -> str:
        """One spelling for all records that agree in every field."""
        return self.text if '"' not in self.text else canonical(self.fields)


def canonical(fields: Iterable[str]) -> str:
    """Fields as the one CSV record that quotes a field only where it must.

    A carriage return inside a line needs no quotes: `split` reads it as it reads any character.
    """
    return ",".join(
        '"' + field.replace('"', '""') + '"' if any(c in field for c in '",\n') else field
        for field in fields
    )


def split(text: str) -> list[str] | None:
    """The fields of a record without its end of line; None if it ends inside quotes."""
    if '"' not in text:
        return text.split(",")
    fields: list[str] = []
    position, length = 0, len(text)
    while True:
        if position < length and text[position] == '"':
            field, position = _quoted(text, position + 1)
            if position < 0:
                return None
        else:
            field = ""
        end = text.find(",", position)
        if end < 0:
            fields.append(field + text[position:])
            return fields
        fields.append(field + text[position:end])
        position = end + 1


def _quoted(text: str, position: int) -> tuple[str, int]:
    """What stands between quotes from `position`, and where the text goes on; -1 if unclosed."""
    parts: list[str] = []
    while True:
        end = text.find('"', position)
        if end < 0:
            return "", -1
        parts.append(text[position:end])
        if text[end + 1 : end + 2] != '"':
            return '"'.join(parts), end + 1
        position = end + 2


def lines_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Physical lines without their newline; what follows the last newline is one if not empty."""
    rest = b""
    for block in blocks:
        if len(rest) > LONGEST_RECORD:
            raise RecordTooLong
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        yield from lines
    if rest:
        yield rest


def read_records(blocks: Iterable[bytes]) -> Iterator[Record]:
    """Every record of a UTF-8 file, the header too; empty lines are none."""
    begun, number, size = 0, 0, 0
    pending: list[bytes] = []
    try:
        for line in lines_of(blocks):
            number += 1
            if pending or b'"' in line:
                begun = begun if pending else number
                size += len(line)
                if size > LONGEST_RECORD:
                    raise RecordTooLong
                is_open = _ends_inside(line, bool(pending))
                pending.append(line)
                if is_open:
                    continue
                text = _without_cr(b"\n".join(pending)).decode()
                fields = split(text)
                assert fields is not None
                yield Record(begun, text, fields)
                pending, size = [], 0
            elif text := _without_cr(line).decode():
                yield Record(number, text, text.split(","))
    except RecordTooLong:
        raise RecordTooLong(
            f"the record that begins on line {begun if pending else number + 1:,} is longer than "
            f"{LONGEST_RECORD >> 20} MiB: a newline or a closing quote is missing"
        ) from None
    if pending:
        raise UnclosedQuote(f"it ends inside quotes: the record begins on line {begun:,}")


def _ends_inside(line: bytes, inside: bool) -> bool:
    """Whether quotes are open at the end of a line, given whether they are at its beginning."""
    position = 0
    while True:
        if inside or line[position : position + 1] == b'"':
            position += not inside
            while True:
                end = line.find(b'"', position)
                if end < 0:
                    return True
                position = end + 1
                if line[position : position + 1] != b'"':
                    break
                position += 1
            inside = False
        position = line.find(b",", position) + 1
        if position == 0:
            return False


def _without_cr(line: bytes) -> bytes:
    return line[:-1] if line.endswith(b"\r") else line
