"""What of a statement may stay behind in a log, a link or a folder name: no MPAN, however written.

People write an MPAN with blanks, hyphens or underscores, without its check digit, or as texts glued
by `||`. So a run of digits is counted without what separates them.
"""

from __future__ import annotations

import re
import unicodedata

import duckdb

_DIGITS_OF_AN_MPAN = re.compile(r"\d{10}")
_SEPARATORS = re.compile(r"[\W_]+")
# Digits that are no part of an MPAN: pseudonyms, names of publications, days and times.
_HARMLESS = re.compile(
    r"\bh_[0-9a-f]{16}\b"
    r"|\bp_\d{8}_\d{8}t\d{6}z_[0-9a-f]{8}\b"
    r"|(?<![\d-])(19|20)\d\d-(0[1-9]|1[0-2])-[0-3]\d([ T][0-2]\d:[0-5]\d(:[0-5]\d)?)?(?![\d-])",
    re.IGNORECASE,
)
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.])\d[\d_]{11,}(?![\w.])")
_TOKEN = re.compile(r'"(?:[^"]|"")*"|\w+|(?:(?!--|/\*)[^\w\s])+')
_GAP = re.compile(r"\s*(--|/\*|$)")
_VALUES = (duckdb.token_type.string_const, duckdb.token_type.numeric_const)


def names_an_mpan(text: str) -> bool:
    """Whether ten digits or more follow each other, separators left out, also across literals."""
    plain = _HARMLESS.sub("x", unicodedata.normalize("NFKC", text))
    glued = "".join(_TEXT.findall(plain))
    return any(_DIGITS_OF_AN_MPAN.search(_SEPARATORS.sub("", each)) for each in (plain, glued))


def mpans_in(statement: str) -> frozenset[str]:
    """The MPANs that a statement names as a literal, a text or a number, as 13 digits."""
    numbers = (each.replace("_", "") for each in _NUMBER.findall(_TEXT.sub(" ", statement)))
    literals = [*_TEXT.findall(statement), *(each.zfill(13) for each in numbers if len(each) > 11)]
    plain = (_SEPARATORS.sub("", unicodedata.normalize("NFKC", each)) for each in literals)
    return frozenset(each for each in plain if re.fullmatch(r"[0-9]{13}", each))


def without_values(statement: str) -> str | None:
    """The statement with `?` for each literal and without comments; None if it cannot be told.

    Read by DuckDB's lexer, which neither parses nor opens anything. Its offsets count bytes, and
    a token extends to the next one: what follows its own characters is blanks and comments.
    """
    content = statement.encode(errors="replace")
    tokens = duckdb.tokenize(content.decode())
    ends = [start for start, _ in [*tokens, (len(content), None)]][1:]
    parts: list[str] = []
    value_ends_at = -1
    for (start, kind), end in zip(tokens, ends, strict=True):
        text = content[start:end].decode(errors="replace")
        if kind in _VALUES:
            parts.append("?")
            value_ends_at = start + len(text.rstrip().encode())
        elif start == value_ends_at and text[:1].isalnum():
            value_ends_at = start + len(text.rstrip().encode())  # 0x1f comes as `0` and `x1f`
        elif (word := _TOKEN.match(text)) and _GAP.match(text, word.end()):
            parts.append("..." if names_an_mpan(word.group()) else word.group())
        else:
            return None
    masked = " ".join(parts)
    return None if names_an_mpan(masked) else masked
