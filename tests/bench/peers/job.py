"""What every peer gets and must give back.

Input, as CSV files in one folder: `registration.csv` and `migration.csv` (the state of a market as
known on the as-of day, in the columns of the extracts) and `qualified.csv` (days `[valid_from,
valid_to)` on which a Supplier is Qualified for a market segment).

Output: for each rule its findings, as the count and the sha256 of the sorted keys.

| name | keys |
|---|---|
| SUP-01 | `registration_id`: live holding on the as-of day, its Supplier not Qualified for it |
| SUP-06 | those of SUP-01 whose Metering Point is migrated |
| SUP-02 | `mpan day`: FORWARD, holder (else the event's Supplier) not Qualified on the day |
| SUP-07 | `mpan day`: REVERSE before M14, holder on the day Qualified |
| position | `supplier segment points`: live Metering Points on the as-of day |
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb

from pipeline.layout import Warehouse
from pipeline.publication import current
from pipeline.sql_text import exact_path

M14 = "2026-10-28"
Findings = dict[str, tuple[int, str]]


def found(keys: Iterable[str]) -> tuple[int, str]:
    """Count and hash of keys, in whatever order they come."""
    ordered = sorted(keys)
    return len(ordered), hashlib.sha256("\n".join(ordered).encode()).hexdigest()


def write_inputs(warehouse: Path, folder: Path) -> date:
    """Write the three files from a built warehouse; the as-of day."""
    publication = current(Warehouse(warehouse))
    with duckdb.connect(str(Warehouse(warehouse).build_database), read_only=True) as connection:
        for name, columns in (
            (
                "registration",
                "registration_id, mpan, supplier_mpid, effective_from, effective_to, "
                "registration_status, market_segment, rmp_status, mp_status",
            ),
            ("migration", "mpan, direction, effective_from, supplier_mpid"),
        ):
            connection.execute(
                f"copy (select {columns} from raw.{name}) to "
                f"{exact_path(folder / f'{name}.csv')} (header)"
            )
    with duckdb.connect(str(publication.path), read_only=True) as connection:
        connection.execute(
            "copy (select mpid, market_segment, valid_from, valid_to from marts.fct_qualification"
            f" where market_role = 'SUP') to {exact_path(folder / 'qualified.csv')} (header)"
        )
    return publication.as_of


def expected(warehouse: Path) -> Findings:
    """What the marts of the warehouse say."""
    publication = current(Warehouse(warehouse))
    sql = {
        "SUP-01": "select registration_id from marts.fct_exception where rule_id = 'SUP-01'",
        "SUP-06": (
            "select registration_id from marts.fct_exception"
            " where rule_id = 'SUP-06' and status = 'OPEN'"
        ),
        "SUP-02": (
            "select mpan || ' ' || occurred_on from marts.fct_exception where rule_id = 'SUP-02'"
        ),
        "SUP-07": (
            "select mpan || ' ' || occurred_on from marts.fct_exception where rule_id = 'SUP-07'"
        ),
        "position": (
            "select supplier_mpid || ' ' || market_segment || ' ' || sum(metering_points)::bigint"
            f" from marts.rpt_daily_position where date_day = '{publication.as_of}'"
            " group by supplier_mpid, market_segment"
        ),
    }
    with duckdb.connect(str(publication.path), read_only=True) as connection:
        return {
            name: found(str(key) for (key,) in connection.execute(query).fetchall())
            for name, query in sql.items()
        }
