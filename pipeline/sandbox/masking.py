"""MPANs hidden from those who may not see them: pseudonyms instead of whatever holds one.

An MPAN has 13 digits, one of them a check digit: a plain hash of it is undone by trying them all.
So is the md5 `exception_id`, which for some rules is made of the MPAN. Both, and every id that an
adapter may build from an MPAN, give way to pseudonyms (`pipeline/pseudonym.py`). The same value has
the same pseudonym in every column, table and publication, so joins and distinct counts hold.

A column that is not named here is no secret if it is a number, a day or a truth value; text is
searched for long numbers; anything else is withheld. A new column is safe before it is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pipeline.sql_text import identifier

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
    "baselines",  # of a milestone, from a seed: days after days
)
_UNSPOKEN = re.compile(
    r"(BOOLEAN|DATE|TIME\b.*|TIMESTAMP.*|DOUBLE|FLOAT|DECIMAL\(.*\)|U?(TINY|SMALL|BIG|HUGE)?INT"
    r"|U?INTEGER)"
)
# Ten digits or more in a row or grouped by single blanks; eleven or more, full-width ones too, with
# whatever else people put between groups. A day has eight, and a file's day and sequence ten.
_DIGIT = "[0-9\uff10-\uff19]"
_BETWEEN = "[ \t\r\n\u00a0\u2009\u202f_/,:|.\u2010-\u2015-]{0,3}"
LONG_NUMBER = f"{_DIGIT}(?:{_BETWEEN}{_DIGIT}){{10,}}|{_DIGIT}(?: ?{_DIGIT}){{9,}}"
_LONG_NUMBER = re.compile(LONG_NUMBER)


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


def select_list(columns: Sequence[tuple[str, str]], function: str) -> str:
    """The columns (name, type) of a mart as SQL, each by its treatment.

    `function` is the name in SQL of the one that makes a pseudonym of an MD5 digest.
    """
    names = {name for name, _ in columns}
    return ", ".join(_expression(name, data_type, function, names) for name, data_type in columns)


def _expression(column: str, data_type: str, function: str, names: set[str]) -> str:
    name = identifier(column)
    hashed = f"{function}(unhex(md5(cast({name} as varchar))))"
    how = treatment(column, data_type)
    if how == "plain":
        return name
    if how == "hashed_unless_party" and "subject_type" in names:
        return f"case when subject_type = 'PARTICIPANT' then {name} else {hashed} end as {name}"
    if how in ("hashed", "hashed_unless_party"):
        return f"{hashed} as {name}"
    if how == "searched":
        searched = f"regexp_replace({name}, '{LONG_NUMBER}', '{WITHHELD}', 'g')"
        if column == "dip_id":  # of a participant: ten digits
            is_one = f"regexp_full_match({name}, '[0-9]{{10}}')"
            searched = f"case when {is_one} then {name} else {searched} end"
        return f"{searched} as {name}"
    return f"case when {name} is not null then '{WITHHELD}' end as {name}"


def without_long_numbers(text: str) -> str:
    """Text as a `searched` column shows it."""
    return _LONG_NUMBER.sub(WITHHELD, text)
