"""The exception ledger: which exceptions stood in which publication, and why they went.

One small Parquet file per publication in `history/exceptions/`, named like it, written once and
never changed; one per two publications that follow each other in `history/causes/`. They outlive
build database and publications, so that an exception's life can always be told:
`fct_exception_history` is derived from all, in whatever order their days were built.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import duckdb

from pipeline import CONTRACT_VERSION
from pipeline.errors import PipelineError
from pipeline.layout import Warehouse
from pipeline.publication import Publication, publications
from pipeline.sql_text import exact_path, literal, read_path

_COLUMNS = "exception_id, rule_id, severity, status, mpid"


class DamagedLedger(PipelineError):
    """A file of the ledger is not as it was written, and no publication is left to restore it."""


def record(warehouse: Warehouse, publication: Publication) -> None:
    """Write the exceptions of a publication, unless they are on record."""
    target = warehouse.ledger / f"{publication.publication_id}.parquet"
    if target.exists():
        return
    with closing(duckdb.connect(str(publication.path), read_only=True)) as connection:
        write(
            connection,
            "SELECT exception_id::UUID AS exception_id, rule_id, severity, status, mpid, "
            "mpan::BIGINT AS mpan, subject_key FROM marts.fct_exception "
            "ORDER BY rule_id, subject_key, exception_id",
            target,
            publication.contract,
        )


def record_causes(warehouse: Warehouse, publication_id: str, as_of: date) -> None:
    """Keep what was judged before the build of a publication under the publication's name."""
    for path in warehouse.new_causes.glob(f"*--{as_of}.parquet"):
        warehouse.causes.mkdir(parents=True, exist_ok=True)
        path.replace(warehouse.causes / f"{path.name.split('--')[0]}--{publication_id}.parquet")


def write(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    target: Path,
    contract: int = CONTRACT_VERSION,
) -> None:
    """Write a file of the ledger at once and for good, with its checksum and contract inside."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    checksum = _scalar(connection, f"SELECT coalesce(sum(hash(t)), 0)::VARCHAR FROM ({sql}) AS t")
    connection.execute(
        f"COPY ({sql}) TO {exact_path(part)} (FORMAT parquet, COMPRESSION zstd, "
        f"KV_METADATA {{checksum: '{checksum}', contract: '{contract}'}})"
    )
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    part.replace(target)


def is_whole(path: Path) -> bool:
    """Whether a file of the ledger holds what was written into it."""
    about = path.stat()
    return _is_whole(path, about.st_mtime_ns, about.st_size)


@cache
def _is_whole(path: Path, _written: int, _size: int) -> bool:
    with closing(duckdb.connect()) as connection:
        try:
            stated = _stated(connection, path, "checksum")
            found = _scalar(
                connection,
                f"SELECT coalesce(sum(hash(t)), 0)::VARCHAR FROM {rows_of(path)} AS t",
            )
        except duckdb.Error:
            return False
    return stated is not None and stated == found


def contract_of(path: Path) -> int:
    """The contract of the marts that a file of the ledger follows."""
    about = path.stat()
    return _contract_of(path, about.st_mtime_ns, about.st_size)


@cache
def _contract_of(path: Path, _written: int, _size: int) -> int:
    with closing(duckdb.connect()) as connection:
        return int(_stated(connection, path, "contract") or 1)


def _stated(connection: duckdb.DuckDBPyConnection, path: Path, key: str) -> str | None:
    return _scalar(
        connection,
        f"SELECT decode(value) FROM parquet_kv_metadata({read_path(path)}) "
        f"WHERE decode(key) = {literal(key)}",
    )


def rows_of(path: Path) -> str:
    """SQL: the rows of a file of the ledger."""
    return f"read_parquet({read_path(path)}, hive_partitioning = false)"


def _scalar(connection: duckdb.DuckDBPyConnection, sql: str) -> str | None:
    row = connection.execute(sql).fetchone()
    return row[0] if row else None


def faults(warehouse: Warehouse) -> list[str]:
    """What is wrong with the ledger, in sentences."""
    return [
        f"history/exceptions/{path.name} is not as it was written: take it from a backup. The next "
        "build writes it again if its publication is kept."
        for path in sorted(warehouse.ledger.glob("*.parquet"))
        if not is_whole(path)
    ]


def restore(warehouse: Warehouse) -> None:
    """Record publications whose writer was killed before it could, or whose record is damaged."""
    for folder in (warehouse.ledger, warehouse.causes):
        for leftover in folder.glob(".*.part"):
            leftover.unlink()
    kept = {publication.publication_id: publication for publication in publications(warehouse)}
    for path in warehouse.causes.glob("*.parquet"):
        if not is_whole(path):
            path.unlink()  # judged again
    for path in warehouse.ledger.glob("*.parquet"):
        if is_whole(path):
            continue
        if path.stem not in kept:
            raise DamagedLedger(
                f"{path} is damaged, and its publication is no longer kept. Take the file from a "
                "backup, or delete it: the history then goes without that publication. The last "
                "publication stands."
            )
        path.unlink()
    for publication in kept.values():
        record(warehouse, publication)


def days(warehouse: Warehouse, before: date) -> dict[date, Path]:
    """The as-of days before a day that were published, with the record of each one's last."""
    last = {path.name[:8]: path for path in sorted(warehouse.ledger.glob("*.parquet"))}
    return {day: path for name, path in last.items() if (day := date.fromisoformat(name)) < before}


def pairs(warehouse: Warehouse, as_of: date) -> Iterator[tuple[Path, date, date, Path]]:
    """Days of one contract that follow each other up to `as_of`, with the first one's record.

    The last path is where it is told what of the first was corrected in the second.
    """
    earlier = days(warehouse, as_of)
    last = _last_of_contract(earlier)
    for (day, path), (next_day, next_path) in pairwise(earlier.items()):
        if day not in last:
            yield path, day, next_day, warehouse.causes / f"{path.stem}--{next_path.stem}.parquet"
    if earlier and max(earlier) not in last:
        day, path = max(earlier.items())
        yield path, day, as_of, warehouse.new_causes / f"{path.stem}--{as_of}.parquet"


def _last_of_contract(earlier: Mapping[date, Path]) -> set[date]:
    """The days whose next build, that of this code for the last one, follows another contract."""
    contracts = [*map(contract_of, earlier.values()), CONTRACT_VERSION]
    return {
        day
        for day, (own, following) in zip(earlier, pairwise(contracts), strict=True)
        if own != following
    }


def create_ledger_tables(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, as_of: date
) -> None:
    """Create what is known of the as-of days before `as_of`, of each the last that was published.

    `raw.exception_build`: the days. `raw.exception_sighting`: the exceptions that stood in them,
    and `raw.previous_exception`: in the newest, if it follows this contract.
    `raw.exception_judged`: which days were compared with the next; `raw.exception_corrected`: what
    of the first the second knew to be wrong.
    """
    restore(warehouse)
    earlier = days(warehouse, as_of)
    last = _last_of_contract(earlier)
    connection.execute(
        "CREATE OR REPLACE TABLE raw.exception_build (as_of DATE, is_last_of_contract BOOLEAN)"
    )
    for day in earlier:
        connection.execute("INSERT INTO raw.exception_build VALUES (?, ?)", [day, day in last])
    parts = [
        f"SELECT DATE '{day}' AS as_of, replace(exception_id::VARCHAR, '-', '') AS exception_id, "
        f"rule_id, severity, status, mpid FROM {rows_of(path)}"
        for day, path in earlier.items()
    ]
    nothing = f"SELECT DATE '{as_of}' AS as_of, " + ", ".join(
        f"'' AS {name}" for name in _COLUMNS.split(", ")
    )
    connection.execute(
        "CREATE OR REPLACE VIEW raw.exception_sighting AS "
        + (" UNION ALL ".join(parts) or f"{nothing} WHERE false")
    )
    newest = f"DATE '{max(earlier)}'" if earlier and max(earlier) not in last else "NULL"
    connection.execute(
        "CREATE OR REPLACE TABLE raw.previous_exception AS "
        f"SELECT {_COLUMNS} FROM raw.exception_sighting WHERE as_of = {newest}"
    )
    connection.execute("CREATE OR REPLACE TABLE raw.exception_judged (before DATE, after DATE)")
    connection.execute(
        "CREATE OR REPLACE TABLE raw.exception_corrected "
        "(before DATE, after DATE, exception_id VARCHAR, restated_as VARCHAR)"
    )
    for _, day, next_day, path in pairs(warehouse, as_of):
        if path.exists():
            connection.execute("INSERT INTO raw.exception_judged VALUES (?, ?)", [day, next_day])
            connection.execute(
                f"INSERT INTO raw.exception_corrected SELECT DATE '{day}', DATE '{next_day}', "
                "replace(exception_id::VARCHAR, '-', ''), replace(restated_as::VARCHAR, '-', '') "
                f"FROM {rows_of(path)}"
            )
