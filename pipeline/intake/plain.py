"""Types text the cheap way, where every value is written in the plainest form the contract allows.

A second reading of what `checks` says in SQL, of far less: it takes a run of rows only if it has no
fault and nothing unusual, and leaves all else to `checks`. That both agree on what it takes is
proved by tests/python/test_intake_plain.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts import Column, Extract, Kind
from pipeline.intake.checks import DATE_FORMS, allowed_values, columns_of

_LABEL = pa.dictionary(pa.int32(), pa.string())
_TYPES = {
    Kind.MPAN: pa.int64(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us", "UTC"),
    Kind.BOOLEAN: pa.bool_(),
    Kind.NUMBER: pa.decimal128(18, 3),
    Kind.ID: pa.string(),
    Kind.TEXT: pa.string(),
}
# A column that is not plain in a whole batch is looked at in runs of so many rows.
_RUN = 64
# Arrow has years that DuckDB writes otherwise: a plain one is of four digits, the first not 0.
_FIRST_DAY = (date(1000, 1, 1) - date(1970, 1, 1)).days
_NUMBER_DIGITS = 9

_TRUTHS = pa.array(["F", "T"])

Bytes = npt.NDArray[np.uint8]
_BRITISH = [
    np.frombuffer(text, np.uint8)
    for text in (b"1000-00-00T00:00:00+00:00", b"9999-99-99T99:99:99+01:00")
]


class _Odd(Exception):
    """Some value is not written in the plainest form, or is at fault."""


def lake_schema(columns: Sequence[Column]) -> pa.Schema:
    """The typed columns, and `fault`, `misdated` and `noted` as `checks.typed_sql` gives them."""
    return pa.schema(
        [
            *((column.name, _TYPES.get(column.kind, _LABEL)) for column in columns),
            ("fault", pa.uint8()),
            ("misdated", pa.uint8()),
            ("noted", pa.string()),
        ]
    )


class Plain:
    """Types batches of text of an extract. Safe to use from several threads."""

    def __init__(
        self, extract: Extract, kind: str, forms: Mapping[str, str], plain_ids: bool
    ) -> None:
        self._columns = columns_of(extract, kind)
        self._schema = lake_schema(self._columns)
        self._forms = forms
        self._plain_ids = plain_ids
        self._dated = extract.dated
        self._labels = {
            column.name: pa.array(allowed_values(column), pa.string())
            for column in self._columns
            if column.kind is Kind.CHOICE
        }

    def runs(self, text: pa.RecordBatch) -> list[tuple[bool, pa.RecordBatch]]:
        """The batch in runs of rows, in order: typed (true), or as they were (false)."""
        rows = text.num_rows
        is_odd = np.zeros(-(-rows // _RUN), np.bool_)
        arrays = [
            self._typed_but_odd(column, array, is_odd)
            for column, array in zip(self._columns, text.columns, strict=True)
        ]
        nothing = pa.nulls(rows, pa.uint8())
        own = [nothing, nothing, pa.nulls(rows, pa.string())]
        typed = pa.RecordBatch.from_arrays([*arrays, *own], schema=self._schema)
        if self._dated:
            ends_before = pc.less(typed["effective_to"], typed["effective_from"])
            if pc.any(ends_before).as_py():
                odd = np.flatnonzero(ends_before.fill_null(False).to_numpy(zero_copy_only=False))
                is_odd[odd // _RUN] = True
        if not is_odd.any():
            return [(True, typed)]
        turns = [0, *(np.flatnonzero(np.diff(is_odd)) + 1).tolist(), len(is_odd)]
        return [
            (
                not is_odd[first],
                (text if is_odd[first] else typed).slice(first * _RUN, (last - first) * _RUN),
            )
            for first, last in pairwise(turns)
        ]

    def _typed_but_odd(
        self, column: Column, text: pa.StringArray, is_odd: npt.NDArray[np.bool_]
    ) -> pa.Array:
        """A column typed; of runs in which it is not plain, which are marked, nothing."""
        try:
            return self._typed(column, text)
        except (_Odd, pa.ArrowInvalid):
            type_ = self._schema.field(column.name).type
        parts = []
        for number in range(len(is_odd)):
            part = text.slice(number * _RUN, _RUN)
            try:
                parts.append(self._typed(column, part))
            except (_Odd, pa.ArrowInvalid):
                is_odd[number] = True
                parts.append(pa.nulls(len(part), type_))
        joined = pa.chunked_array(parts, type_).unify_dictionaries()
        return joined.combine_chunks()

    def _typed(self, column: Column, text: pa.StringArray) -> pa.Array:
        if column.required and text.null_count:
            raise _Odd
        match column.kind:
            case Kind.MPID:
                _all(_in_mpids(_characters(text, 4)))
                return text.dictionary_encode()
            case Kind.DIGITS_2:
                _all(_are_digits(_characters(text, 2)))
                return text.dictionary_encode()
            case Kind.CHOICE:
                labels = self._labels[column.name]
                return pa.DictionaryArray.from_arrays(_places(text, labels), labels)
            case Kind.BOOLEAN:
                return pc.equal(_places(text, _TRUTHS), 1)
            case Kind.MPAN:
                _all(_are_digits(_characters(text, 13)))
                return text.cast(pa.int64())
            case Kind.DATE:
                if self._forms[column.name] != DATE_FORMS[0]:
                    raise _Odd
                dates = text.cast(pa.date32())  # Arrow takes YYYY-MM-DD to the letter
                first = pc.min(dates).value
                if first is not None and first < _FIRST_DAY:
                    raise _Odd
                return dates
            case Kind.TIMESTAMP:
                times = _characters(text, 25).reshape(-1, 25)
                lowest, highest = _BRITISH
                _all((times >= lowest) & (times <= highest))
                return text.cast(pa.timestamp("us", "UTC"))
            case Kind.NUMBER:
                _all(_are_digits(_characters(text)))
                if len(text) and _lengths(text).max() > _NUMBER_DIGITS:
                    raise _Odd
                return _decimals(text.cast(pa.int64()))
            case Kind.ID:
                assert column.max_length is not None
                # Bytes are characters here: a file with plain ids is ASCII.
                if not self._plain_ids or (len(text) and _lengths(text).max() > column.max_length):
                    raise _Odd
                return text
            case Kind.TEXT:
                return text
            case _:
                raise _Odd


def _lengths(text: pa.StringArray) -> npt.NDArray[np.int32]:
    """How many bytes each text has; a null has none."""
    offsets = np.frombuffer(text.buffers()[1], np.int32)[text.offset :][: len(text) + 1]
    return np.diff(offsets)


def _characters(text: pa.StringArray, length: int | None = None) -> Bytes:
    """The bytes of all texts, one after the other. Raises _Odd unless all have this length."""
    if not len(text):
        return np.empty(0, np.uint8)
    offsets = np.frombuffer(text.buffers()[1], np.int32)[text.offset :][: len(text) + 1]
    if length is not None:
        present = len(text) - text.null_count
        if offsets[-1] - offsets[0] != length * present or _lengths(text).max() > length:
            raise _Odd
    characters = text.buffers()[2]
    if characters is None:
        return np.empty(0, np.uint8)
    return np.frombuffer(characters, np.uint8)[offsets[0] : offsets[-1]]


def _are_digits(characters: Bytes) -> npt.NDArray[np.bool_]:
    return characters - np.uint8(ord("0")) < 10  # what is below wraps round


def _in_mpids(characters: Bytes) -> npt.NDArray[np.bool_]:
    return _are_digits(characters) | (characters - np.uint8(ord("A")) < 26)


def _all(are_plain: npt.NDArray[np.bool_]) -> None:
    if not are_plain.all():
        raise _Odd


def _decimals(whole: pa.Int64Array) -> pa.Decimal128Array:
    """Whole numbers with three decimals, at a fifth of the price of Arrow's cast."""
    halves = np.zeros((len(whole), 2), np.int64)
    halves[:, 0] = whole.fill_null(0).to_numpy() * 1000
    decimals = pa.Array.from_buffers(pa.decimal128(18, 3), len(whole), [None, pa.py_buffer(halves)])
    return pc.if_else(whole.is_valid(), decimals, None) if whole.null_count else decimals


def _places(text: pa.StringArray, labels: pa.StringArray) -> pa.Int32Array:
    places = pc.index_in(text, labels)
    if places.null_count != text.null_count:
        raise _Odd
    return places
