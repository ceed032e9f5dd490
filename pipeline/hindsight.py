"""Hindsight: the rules run on the day of one publication with the files that a later one knew.

What the earlier one says otherwise than that was corrected; the rest of the way is real. Attributes
without a date of their own (an energisation status, a plan) count as of the business date of the
file that changed them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa

from pipeline.build import FAILED, Progress, create_unit_test_table, fresh_database, run_dbt
from pipeline.errors import PipelineError
from pipeline.intake import create_state_views
from pipeline.layout import Warehouse
from pipeline.ledger import create_ledger_tables
from pipeline.touched import POINTS, Known

# Extracts whose rows tell of days to come, or have columns that say nothing of the day from which
# they hold: key, such columns.
_UNDATED: dict[str, tuple[str, tuple[str, ...]]] = {
    "registration": (
        "registration_id",
        (
            "market_segment",
            "connection_type",
            "gsp_group_id",
            "ldso_mpid",
            "energisation_status",
            "is_domestic",
            "rmp_status",
            "mp_status",
            "annual_kwh",
        ),
    ),
    "stage": ("mpid, market_role, stage", ("planned_on", "forecast_on")),
    "approval": ("mpid, market_role, approval_body, effective_from", ()),
    "participant": ("mpid, market_role, effective_from", ()),
}


def evaluate(
    warehouse: Warehouse,
    database: Path,
    day: date,
    later: Known,
    models: tuple[str, ...],
    memory_limit: str,
    threads: int,
    progress: Progress | None,
    points: pa.Table | None = None,
    part: Warehouse | None = None,
) -> None:
    """Build models for a day with what was known later; `points` (mpan) narrows it to these.

    `part` is a warehouse with all that was ever said of them.
    """
    files = (part or warehouse).root
    with fresh_database(database, memory_limit, threads) as connection:
        narrow = ""
        if points is not None:
            connection.register("points", points)
            connection.execute("create temp table point as from points")
            narrow = " where mpan in (select mpan from temp.point)"
        create_state_views(connection, files, day, later.files)
        for extract, (key, columns) in _UNDATED.items():
            connection.execute(
                f"create table raw.{extract}_then as select {', '.join([key, *columns])} "
                f"from raw.{extract}{narrow if extract in POINTS else ''}"
            )
        create_state_views(connection, files, later.day, later.files)
        kind = "view" if points is None else "table"
        for extract in _UNDATED if points is None else (*_UNDATED, "appointment", "migration"):
            connection.execute(f"alter view raw.{extract} rename to {extract}_now")
            known = _known_then(extract, day) if extract in _UNDATED else f"from raw.{extract}_now"
            connection.execute(
                f"create {kind} raw.{extract} as select * from ({known})"
                f"{narrow if extract in POINTS else ''}"
            )
        create_ledger_tables(connection, warehouse, day)
        create_unit_test_table(connection, warehouse)
    words = ["build", "--select", *(f"+{model}" for model in models)]
    words += ["--resource-type", "seed", "--resource-type", "model", "--no-write-json"]
    results = run_dbt(warehouse, words, database, day, memory_limit, threads, progress)
    failed = [result.node.name for result in results if result.status in FAILED]
    if failed:
        raise PipelineError(
            f"The rules could not be run on {day} with the files known on {later.day}: "
            f"{', '.join(failed)}. See {warehouse.logs / 'dbt.log'}."
        )


def _known_then(extract: str, day: date) -> str:
    """The rows as known now, in what has no date of its own as known on the day.

    What first was told later of days after it is left out: nobody could have known.
    """
    key, columns = _UNDATED[extract]
    values = ", ".join(
        f"case when then_.known then then_.{name} else now_.{name} end as {name}"
        for name in columns
    )
    replaced = f" replace ({values})" if columns else ""
    later = f" where now_.effective_from <= date '{day}' or then_.known is not null"
    return (
        f"select now_.*{replaced} from raw.{extract}_now as now_ left join "
        f"(select *, true as known from raw.{extract}_then) as then_ using ({key})"
        + ("" if extract == "stage" else later)
    )
