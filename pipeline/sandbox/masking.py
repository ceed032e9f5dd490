"""MPANs hidden from those who may not see them: pseudonyms instead of whatever holds one.

An MPAN has 13 digits, one of them a check digit: a plain hash of it is undone by trying them all.
So is the md5 `exception_id`, which for some rules is made of the MPAN. Both, and every id that an
adapter may build from an MPAN, give way to pseudonyms (`pipeline/pseudonym.py`). The same value has
the same pseudonym in every column, table and publication, so joins and distinct counts hold.

What a column holds, its model says (`config.meta.personal`, `pipeline.mart_columns`). Days and
truth values tell no MPAN. Any other column of which nothing is said is withheld: a new one is safe
before anybody has thought of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.sql_text import identifier, mpan_text

WITHHELD = "[c]"
Treatment = Literal["plain", "hashed", "hashed_unless_party", "searched", "dip_id", "withheld"]

_TREATMENTS: dict[str | None, Treatment] = {
    "false": "plain",
    "id": "hashed",
    "id_unless_party": "hashed_unless_party",
    "text": "searched",
    "dip_id": "dip_id",
}
_TELLS_NO_MPAN = re.compile(r"BOOLEAN|DATE|TIME\b.*|TIMESTAMP.*")
_NUMBER = re.compile(
    r"DOUBLE|FLOAT|DECIMAL\(.*\)|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER", re.IGNORECASE
)
# Ten digits or more in a row or grouped by single blanks; eleven or more, full-width ones too, with
# whatever else people put between groups. A day has eight, and a file's day and sequence ten.
_DIGIT = "[0-9\uff10-\uff19]"
_BETWEEN = "[ \t\r\n\u00a0\u2009\u202f_/,:|.\u2010-\u2015-]{0,3}"
LONG_NUMBER = f"{_DIGIT}(?:{_BETWEEN}{_DIGIT}){{10,}}|{_DIGIT}(?: ?{_DIGIT}){{9,}}"
_LONG_NUMBER = re.compile(LONG_NUMBER)


def treatment(personal: str | None, data_type: str) -> Treatment:
    """What becomes of a column, by what its model says of it and by its type in the file."""
    if _TELLS_NO_MPAN.fullmatch(data_type):
        return "plain"
    how = _TREATMENTS.get(personal, "withheld")
    if data_type == "VARCHAR":
        return how
    # A pseudonym stands for a number too; what is said of text says nothing of another type.
    return how if _NUMBER.fullmatch(data_type) and how in ("plain", "hashed") else "withheld"


def select_list(
    columns: Sequence[tuple[str, str]], personal: Mapping[str, str], function: str
) -> str:
    """The columns (name, type) of a mart as SQL, each by its treatment.

    `personal` is what its model says of them; `function` is the name in SQL of the one that makes a
    pseudonym of an MD5 digest.
    """
    names = {name for name, _ in columns}
    return ", ".join(
        _expression(name, data_type, treatment(personal.get(name), data_type), function, names)
        for name, data_type in columns
    )


def _expression(column: str, data_type: str, how: Treatment, function: str, names: set[str]) -> str:
    name = identifier(column)
    # The same pseudonym, whether an MPAN is a number or part of a key.
    text = mpan_text(name) if data_type == "BIGINT" else f"cast({name} as varchar)"
    hashed = f"{function}(unhex(md5({text})))"
    if how == "plain":
        return name
    if how == "hashed_unless_party" and "subject_type" in names:
        return f"case when subject_type = 'PARTICIPANT' then {name} else {hashed} end as {name}"
    if how in ("hashed", "hashed_unless_party"):
        return f"{hashed} as {name}"
    searched = f"regexp_replace({name}, '{LONG_NUMBER}', '{WITHHELD}', 'g')"
    if how == "searched":
        return f"{searched} as {name}"
    if how == "dip_id":  # of a participant: ten digits
        is_one = f"regexp_full_match({name}, '[0-9]{{10}}')"
        return f"case when {is_one} then {name} else {searched} end as {name}"
    return f"case when {name} is not null then '{WITHHELD}' end as {name}"


def without_long_numbers(text: str) -> str:
    """Text as a `searched` column shows it."""
    return _LONG_NUMBER.sub(WITHHELD, text)
