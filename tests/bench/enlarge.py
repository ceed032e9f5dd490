"""A publication as large as the whole market, for measuring its readers without a day of building.

    python -m tests.bench.enlarge --warehouse DIR --times 16 --out DIR

Every row about a Metering Point is repeated so many times, each time for another MPAN (with a right
check digit, under the same distributor) and other ids. The MPANs of its copies lie next to each
other, so the marts stay in the order of their readers without being sorted again.
Rows about parties and days stay, so figures no longer add up: for speed alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import duckdb

from pipeline.layout import STORAGE, Warehouse
from pipeline.publication import current, file_sha256
from pipeline.sql_text import exact_path, mpan_text

_WEIGHTS = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_IDS = ("registration_id", "appointment_id", "holder_registration_id")


def enlarge(source: Path, times: int, out: Path) -> Path:
    """A warehouse folder in `out` with the publication of `source`, so many times larger."""
    publication = current(Warehouse(source))
    target = Warehouse(out)
    target.published.mkdir(parents=True)
    path = target.publication(publication.publication_id)
    manifest = dict(publication.manifest)
    with duckdb.connect(str(path), config=STORAGE) as connection:
        connection.execute(f"attach {exact_path(publication.path)} as original (read_only)")
        connection.execute("create schema marts")
        connection.execute("set preserve_insertion_order = true")
        connection.execute(f"create temp macro copy_of(text, number) as {_copy_of()}")
        for (mart,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'original' order by all"
        ).fetchall():
            rows = _copy(connection, mart, times)
            if mart in manifest["marts"]:
                manifest["marts"][mart]["rows"] = rows
        connection.execute("detach original")
        connection.execute("checkpoint")
    manifest |= {"sha256": file_sha256(path), "bytes": path.stat().st_size}
    target.manifest(publication.publication_id).write_text(json.dumps(manifest))
    shutil.copy(
        Warehouse(source).dictionary(publication.publication_id),
        target.dictionary(publication.publication_id),
    )
    target.current_pointer.write_text(publication.publication_id + "\n")
    return path


def _copy_of() -> str:
    """SQL: the MPAN of a copy; the first copy, number 0, is the original."""
    body = (
        "(left(text, 2) || "
        "lpad(((text[3:12]::bigint + number) % 10_000_000_000)::varchar, 10, '0'))"
    )
    digits = " + ".join(
        f"{weight} * {body}[{place}]::bigint" for place, weight in enumerate(_WEIGHTS, start=1)
    )
    return f"case when number = 0 then text else {body} || (({digits}) % 11 % 10)::varchar end"


def _copy(connection: duckdb.DuckDBPyConnection, mart: str, times: int) -> int:
    columns = [
        name for name, *_ in connection.execute(f"describe original.marts.{mart}").fetchall()
    ]
    others = {name: f"{name} || '-' || number" for name in _IDS if name in columns}
    if "mpan" in columns:
        others["mpan"] = f"copy_of({mpan_text('mpan')}, number)::bigint"
    if "exception_id" in columns:
        others["exception_id"] = (
            "case number when 0 then exception_id else md5(exception_id || number) end"
        )
    repeats = times if "mpan" in columns or mart == "fct_exception_history" else 1
    changed = ", ".join(f"{sql} as {name}" for name, sql in others.items())
    replaced = f"replace ({changed})" if changed else ""
    connection.execute(
        f"create table marts.{mart} as select * exclude (number) {replaced} "
        f"from original.marts.{mart}, range({repeats}) as copies (number)"
        if repeats > 1
        else f"create table marts.{mart} as from original.marts.{mart}"
    )
    ((rows,),) = connection.execute(f"select count(*) from marts.{mart}").fetchall()
    return int(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--times", type=int, default=16)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    print(enlarge(options.warehouse, options.times, options.out))


if __name__ == "__main__":
    main()
