"""MPANs hidden from those who may not see them: keyed hashes in place of whatever holds one.

An MPAN has 13 digits, one of them a check digit: a plain hash of it is undone by trying them all.
So is the md5 `exception_id`, which for some rules is made of the MPAN. Both, and every id that an
adapter may build from an MPAN, are hashed with a secret of the warehouse. The same value has the
same hash in every column, table and publication, so joins and distinct counts hold.

A column that is not named here is no secret if it is a number, a day or a truth value; text is
searched for long numbers; anything else is withheld. A new column is safe before it is named.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

WITHHELD = "[c]"
Treatment = Literal["plain", "hashed", "hashed_unless_party", "searched", "withheld"]

# By the end of the name: `holder_registration_id` is a `registration_id`.
_HASHED = ("mpan", "registration_id", "appointment_id", "exception_id")
# A checksum of a mart with one row would be a hash of its MPAN without a secret.
_ALSO_HASHED = ("checksum", "sha256")
_WITHHELD = ("row_text", "value", "failure")
# Codes of few values: left alone so that DuckDB can still skip the blocks that a filter rules out.
_CODES = (
    "mpid",
    "market_role",
    "service_role",
    "market_segment",
    "rule_id",
    "gsp_group_id",
    "regime",
    "severity",
    "status",
    "direction",
    "registration_type",
    "reason_code",
    "subject_type",
    "flow",
    "stage",
    "publication_id",
    "mart",
)
_UNSPOKEN = re.compile(
    r"(BOOLEAN|DATE|TIME\b.*|TIMESTAMP.*|DOUBLE|FLOAT|DECIMAL\(.*\)|U?(TINY|SMALL|BIG|HUGE)?INT"
    r"|U?INTEGER)"
)
# Eleven digits or more, grouped by spaces or not; or the groups in which bills print an MPAN.
LONG_NUMBER = r"\d(?: ?\d){10,}|\d{2}(?:[ .-]\d{3,4}){3,4}"
_LONG_NUMBER = re.compile(LONG_NUMBER)
_MPAN = re.compile(r"(?<!\d)\d{13}(?!\d)")
_HEX_DIGITS = 16


def treatment(column: str, data_type: str) -> Treatment:
    """What becomes of a column of a mart."""
    if column.endswith(_HASHED) or column in _ALSO_HASHED:
        return "hashed"
    if column == "subject_key":
        return "hashed_unless_party"
    if column in _WITHHELD:
        return "withheld"
    if _UNSPOKEN.fullmatch(data_type) or column.endswith(_CODES):
        return "plain"
    return "searched" if data_type == "VARCHAR" else "withheld"


def select_list(columns: Sequence[tuple[str, str]], key: str) -> str:
    """The columns (name, type) of a mart as SQL, each by its treatment."""
    names = {name for name, _ in columns}
    return ", ".join(_expression(name, data_type, key, names) for name, data_type in columns)


def _expression(column: str, data_type: str, key: str, names: set[str]) -> str:
    name = f'"{column}"'
    hashed = f"'h_' || left(sha256('{key}' || cast({name} as varchar)), {_HEX_DIGITS})"
    how = treatment(column, data_type)
    if how == "plain":
        return name
    if how == "hashed_unless_party" and "subject_type" in names:
        return f"case when subject_type = 'PARTICIPANT' then {name} else {hashed} end as {name}"
    if how in ("hashed", "hashed_unless_party"):
        return f"{hashed} as {name}"
    if how == "searched":
        return f"regexp_replace({name}, '{LONG_NUMBER}', '{WITHHELD}', 'g') as {name}"
    return f"case when {name} is not null then '{WITHHELD}' end as {name}"


def pseudonym(key: str, value: str) -> str:
    """The hash that stands for a value: SHA-256 of secret and value, cut to 64 bits.

    Cut, it cannot be extended; in 32 million MPANs two fall together once in 30,000 warehouses.
    """
    return "h_" + hashlib.sha256((key + value).encode()).hexdigest()[:_HEX_DIGITS]


def without_long_numbers(text: str) -> str:
    """Text as a `searched` column shows it."""
    return _LONG_NUMBER.sub(WITHHELD, text)


def without_mpans(text: str, key: str) -> str:
    """Text for a log, which may hold no MPAN: each gives way to its hash."""
    return _MPAN.sub(lambda found: pseudonym(key, found.group()), text)


def names_an_mpan(text: str) -> bool:
    """Whether text holds a number of 13 digits."""
    return _MPAN.search(text) is not None


def warehouse_key(path: Path) -> str:
    """The secret of a warehouse, made when it is first asked for: 32 hexadecimal digits.

    Short on purpose: with 13 digits it fills one block of SHA-256, and 128 bits are enough.
    """
    while True:
        if path.exists():
            return path.read_text("ascii").strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(16) + "\n")
        try:
            os.link(part, path)  # the first of several makers wins
        except FileExistsError:
            continue
        finally:
            part.unlink()
