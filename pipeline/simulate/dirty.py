"""A few bad lines and values per big file, so that quarantine and notes have something to show.

Bad lines come first in a file and never decide what stands: a bad line has a key of its own or is
followed by the true line of its key. A bad value is in an attribute that no rule reads.
"""

from __future__ import annotations

import polars as pl

from pipeline.contracts import EXTRACTS
from pipeline.simulate.files import as_text

# Per extract: the column and the text put into it, one bad line each.
_FAULTS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "registration": (
        ("effective_from", "2026-02-30"),
        ("supplier_mpid", None),
        ("mpan", "20000565359"),
        ("requested_at", "2026-07-01 09:15"),
        ("market_segment", "Q"),
    ),
    "migration": (("effective_from", "2026-02-30"), ("direction", None), ("mpan", "200005653597X")),
    "appointment": (
        ("effective_from", "2026-11-31"),
        ("agent_mpid", None),
        ("service_role", "HHDC"),
        ("effective_to", "1996-04-01"),
    ),
}
# The column that differs in a line whose key comes again.
_DIFFERS = {"registration": "annual_kwh", "migration": "scenario", "appointment": "scenario"}
_MOST = {"full": 5, "delta": 1}
# Values of true registrations, one each: such a value is noted and the Metering Point stays.
_NOTED = (
    ("energisation_status", "X"),
    ("ldso_mpid", "north"),
    ("energisation_status", "ON"),
    ("ldso_mpid", "LDSO 7"),
)
_BEFORE_NOTED = 8
FIRST_ROWS = _BEFORE_NOTED + len(_NOTED)


def dirty_rows(extract: str, kind: str, frame: pl.DataFrame, number: int) -> pl.DataFrame | None:
    """Bad lines for a file of this kind and day, made of its first rows; None for none."""
    # Deltas are dirty on every fifth day, each time in another way.
    if extract not in _FAULTS or len(frame) < 8 or (kind == "delta" and number % 5):
        return None
    sample = as_text(frame.head(8))
    faults = _FAULTS[extract]
    first = number // 5 % len(faults) if kind == "delta" else 0
    chosen = faults[first : first + _MOST[kind]]
    pieces = []
    identity = EXTRACTS[extract].key[0]
    for place, (column, text) in enumerate(chosen):
        piece = sample.slice(place, 1)
        if identity != "mpan":
            piece = piece.with_columns(pl.lit(f"DIRTY-{number}-{place}").alias(identity))
        pieces.append(piece.with_columns(pl.lit(text, dtype=pl.String).alias(column)))
    pieces.append(sample.slice(5, 1))  # an exact repeat
    other = pl.lit("1") if _DIFFERS[extract] == "annual_kwh" else pl.lit("ALG")
    if extract == "migration":
        other = pl.when(pl.col("scenario") == "MCA").then(pl.lit("MCS")).otherwise(pl.lit("MCA"))
    pieces.append(sample.slice(6, 1).with_columns(other.alias(_DIFFERS[extract])))  # the key again
    return pl.concat(pieces)


def with_noted_values(extract: str, kind: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The first rows of a file as text, some of them with a value that is to be noted."""
    text = as_text(frame)
    if extract != "registration" or kind != "full":
        return text
    pieces = [text.head(_BEFORE_NOTED)]
    for place, (column, value) in enumerate(_NOTED, _BEFORE_NOTED):
        pieces.append(text.slice(place, 1).with_columns(pl.lit(value).alias(column)))
    return pl.concat(pieces)
