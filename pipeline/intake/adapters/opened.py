"""What an adapter gives, and the reading of JSON that adapters share."""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.intake.exact import ExactRows
from pipeline.intake.opening import open_plain
from pipeline.intake.records import LONGEST_RECORD, Record, RecordTooLong, canonical, lines_of
from pipeline.intake.source import Refused
from pipeline.intake.stored import Unpacked, Unreadable

_LONDON = ZoneInfo("Europe/London")
_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"


@dataclass
class Adapted:
    """A file that was read to its end: rows or a refusal, and what was passed over by kind."""

    sha256: str
    source: ExactRows | None = None
    refused: Refused | None = None
    ignored: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Element(Record):
    """One element of a JSON file: `fields` is empty where it cannot be read as a row.

    `alike` is one spelling for all elements that say the same.
    """

    alike: str = ""

    @property
    def content(self) -> str:
        return self.alike or (canonical(self.fields) if self.fields else self.text)


def adapt(
    path: Path, ext: str, scratch: Path, header: Iterable[str], read: Any, adapted: Adapted
) -> Adapted:
    """Read a file with `read`, a function from its blocks to records, and hash what is stored."""
    with open_plain(path) as stream:
        unpacked = Unpacked(stream, ext)
        try:
            adapted.source = ExactRows(list(header), read(iter(unpacked)), scratch)
        except Refused as refused:
            adapted.refused = refused
        except Unreadable as error:
            adapted.refused = Refused("UNREADABLE", f"{error}; ask for the file again.")
        except RecordTooLong:
            adapted.refused = Refused(
                "UNREADABLE", f"a message of it is longer than {LONGEST_RECORD >> 20} MiB."
            )
        except UnicodeDecodeError:
            adapted.refused = Refused("BAD_ENCODING", "it is not UTF-8; ask for it in UTF-8.")
        adapted.sha256 = unpacked.finish()
    return adapted


def json_lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """The physical lines of a file that are not blank, with their numbers."""
    is_blank = True
    for number, line in enumerate(lines_of(blocks), start=1):
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        text = line.decode().strip(_BLANK)
        if text:
            is_blank = False
            yield number, text
    if is_blank:
        raise Refused("EMPTY", "it has no content; ask for the file again.")


def json_array(blocks: Iterable[bytes]) -> Iterator[tuple[int, str, Any]]:
    """The elements of a JSON array: the number of each, from 1, its text and its value."""
    window = _Window(blocks)
    if window.skip() is None:
        raise Refused("EMPTY", "it has no content; ask for the file again.")
    if window.take() != "[":
        raise Refused("UNREADABLE", "it is not a JSON array; ask for the file again.")
    if window.skip() == "]":
        window.take()
    else:
        for number in count(1):
            if window.skip() is None:
                raise Refused("UNREADABLE", "its JSON array ends early; ask for the file again.")
            yield number, *window.element()
            mark = window.skip()
            if mark not in ("]", ","):
                raise Refused(
                    "UNREADABLE",
                    f"its JSON array breaks off on line {window.line:,}; ask for the file again.",
                )
            window.take()
            if mark == "]":
                break
    if window.skip() is not None:
        raise Refused("UNREADABLE", f"text follows its JSON array on line {window.line:,}.")


class _Window:
    """A stretch of decoded text that moves along a file."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.line = 1
        self._blocks = iter(blocks)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._is_over = False

    def skip(self) -> str | None:
        """Pass over blanks and give the next character, None at the end."""
        while True:
            while self._at < len(self._text):
                character = self._text[self._at]
                if character not in _BLANK:
                    return character
                self.line += character == "\n"
                self._at += 1
            if not self._read():
                return None

    def take(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def element(self) -> tuple[str, Any]:
        """The text and the value that begin here."""
        line, least = self.line, 0
        while True:
            if self._is_over or len(self._text) - self._at >= least:
                try:
                    value, end = _DECODER.raw_decode(self._text, self._at)
                    if end < len(self._text) or self._is_over:
                        break
                except RecursionError:
                    raise Refused(
                        "UNREADABLE", f"the element on line {line:,} is nested too deeply."
                    ) from None
                except ValueError:
                    if self._is_over:
                        raise Refused(
                            "UNREADABLE", f"the element on line {line:,} is no JSON, or ends early."
                        ) from None
                # What is unfinished is tried again when there is twice as much of it.
                least = 2 * (len(self._text) - self._at)
            self._read()
        text = self._text[self._at : end]
        self.line += text.count("\n")
        self._at = end
        return text, value

    def _read(self) -> bool:
        block = next(self._blocks, None)
        if block is None:
            if not self._is_over:
                self._is_over = True
                self._decoder.decode(b"", final=True)
            return False
        self._text = self._text[self._at :] + self._decoder.decode(block)
        self._at = 0
        if len(self._text) > LONGEST_RECORD:
            raise RecordTooLong
        return True


def load_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError whatever is wrong with it."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def plain(value: Any) -> str:
    """A JSON value as the text that a CSV would hold; what has no such text stays JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value)


def is_text(fields: Iterable[str]) -> bool:
    """Whether all of it can be written as UTF-8: JSON can escape half of a character."""
    try:
        "".join(fields).encode()
    except UnicodeEncodeError:
        return False
    return True


def uk_date(text: str, *, needs_offset: bool, days_later: int = 0) -> str:
    """The UK date of a datetime, as YYYY-MM-DD; the text itself where it is none.

    Without an offset a datetime is UK time, unless `needs_offset`. A date stays that date.
    """
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
        else:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                if needs_offset:
                    return text
                day = moment.date()
            else:
                day = moment.astimezone(_LONDON).date()
        return (day + timedelta(days=days_later)).isoformat()
    except (ValueError, OverflowError):
        return text
