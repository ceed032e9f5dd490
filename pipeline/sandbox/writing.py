"""An answer as a file: the worker sends rows, this process writes them.

The worker that runs the SQL may write no file, so the file is written here, by the same COPY and
with the same guard against formulas as any other list. Headings are the asker's words: they go
into SQL quoted, and into a CSV guarded.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.export import (
    FORMATS,
    ExportRefused,
    about_publication,
    copy_options,
    guarded_heading,
    notes,
    select_list,
)
from pipeline.layout import replace_json
from pipeline.leftovers import scratch_folder
from pipeline.publication import file_sha256
from pipeline.sandbox import asking
from pipeline.sandbox.terms import Limits, Question
from pipeline.sql_text import exact_path, identifier

# For those who call this and may not speak to the database themselves.
DatabaseError = duckdb.Error

FILE_LIMITS = Limits(
    seconds=300, memory_mb=1024, address_space_mb=3072, rows=None, size=4_000_000_000
)
_HASHED = (
    "MPANs, and ids that can be made from one, are replaced by pseudonyms (h_...): the same "
    "value has the same pseudonym everywhere until the key is replaced. [c] stands for what is "
    "withheld."
)
_AS_ASKED = "Values are as the query gives them; a column `mpan` is text of 13 digits."
_MARK = "\ufeff".encode()


def write(question: Question, limits: Limits, out_path: Path, file_format: str) -> dict[str, Any]:
    """Write every row to `out_path` and a manifest to `<out_path>.manifest.json`; gives it.

    `{rows}` in the file name stands for the number of rows. A failure leaves nothing behind.
    """
    if file_format not in FORMATS:
        raise ExportRefused(f"Unknown format {file_format!r}; there is: {', '.join(FORMATS)}.")
    with scratch_folder(out_path.parent) as scratch:
        part = scratch / "rows"
        with asking.stream(question, limits) as answer:
            rows = _copy(answer, part, file_format)
        target = out_path.with_name(out_path.name.replace("{rows}", str(rows)))
        manifest = {
            "list": "sql",
            "format": file_format,
            "file": target.name,
            "rows": rows,
            "bytes": part.stat().st_size,
            "sha256": file_sha256(part),
            **about_publication(question.publications[question.home]),
            "sql": question.statement,
            "mpans": "in clear" if question.mask_key is None else "hashed",
            "columns": dict(zip(answer.columns, answer.types, strict=True)),
            "notes": [
                *(notes("csv") if file_format == "csv" else [_AS_ASKED]),
                *([] if question.mask_key is None else [_HASHED]),
            ],
        }
        part.replace(target)
        replace_json(target.with_name(f"{target.name}.manifest.json"), manifest)
    return manifest


def _copy(answer: asking.Stream, part: Path, file_format: str) -> int:
    is_csv = file_format == "csv"
    names, heading = _without_quotes(answer.columns) if is_csv else (answer.columns, None)
    renamed = ", ".join(
        f"{identifier(old)} as {identifier(new)}"
        for old, new in zip(answer.columns, names, strict=True)
    )
    is_text = [pa.types.is_string(each) for each in answer.reader.schema.types]
    guarded = [name for name, text in zip(names, is_text, strict=True) if text and is_csv]
    with closing(
        duckdb.connect(
            ":memory:", config={"memory_limit": "256MB", "temp_directory": str(part.parent)}
        )
    ) as connection:
        connection.register("answer", answer.reader)
        rows = connection.execute(
            f"copy (select {select_list(names, guarded, file_format)} "
            f"from (select {renamed} from answer)) to {exact_path(part)} "
            f"{copy_options(file_format)}"
        ).fetchall()[0][0]
    if heading is not None:
        with part.open("r+b") as file:
            file.seek(len(_MARK))
            file.write(heading)
    return int(rows)


def _without_quotes(columns: Sequence[str]) -> tuple[list[str], bytes | None]:
    """A first heading that CSV has to quote would put its quote before the byte order mark.

    Something plain of its length goes in its place, and it is written over that afterwards.
    """
    first = columns[0]
    if not set(first) & set('",\r\n') and first == first.strip():
        return list(columns), None
    heading = identifier(guarded_heading(first)).encode()  # SQL and CSV quote alike
    plain = (letter * len(heading) for letter in ascii_lowercase)
    return [next(name for name in plain if name not in columns), *columns[1:]], heading
