"""Identity 6: one full against a full and deltas that lead to the same state, mart by mart.

Files are named by what they hold, so what names a file or a load differs and is left aside; so is
what the earlier publications of a warehouse decide.
"""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.contracts import EXTRACTS
from pipeline.intake import create_state_views
from tests.command import pipeline, publication
from tests.short import short

AS_OF = date(2026, 10, 30)
OF_FILES_AND_BUILDS = {
    "rpt_load",
    "rpt_ignored_message",
    "fct_quarantined_row",
    "fct_noted_value",
    "rpt_reconciliation",
    "rpt_publication",
    "fct_exception_history",
}
ASIDE = {
    "source_files",
    "load_id",
    "first_detected_on",
    "new_since_previous",
    "resolved_since_previous",
} | {
    "change_since_previous",
    "escalated_since_previous",
    "eased_since_previous",
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The publication of fulls with daily deltas, and that of the fulls which say the same."""
    root = tmp_path_factory.mktemp("full_against_deltas")
    pipeline(
        *("simulate", "--points", "2000", "--seed", "6", "--landing", root / "deltas"),
        *("--from", "2026-10-20", "--to", str(AS_OF)),
    )
    short("run", "--landing", root / "deltas", "--warehouse", root / "first", data_tests=True)
    with closing(duckdb.connect()) as connection:
        create_state_views(connection, root / "first", AS_OF)
        for extract in EXTRACTS.values():
            folder = root / "full" / extract.name
            folder.mkdir(parents=True)
            columns = ", ".join(f"{_as_written(c.name)} as {c.name}" for c in extract.columns)
            connection.execute(
                f"copy (select {columns} from raw.{extract.name})"
                f" to '{folder / f'{extract.name}_full_{AS_OF:%Y%m%d}.parquet'}'"
            )
    short("run", "--landing", root / "full", "--warehouse", root / "second", data_tests=True)
    return publication(root / "first"), publication(root / "second")


def _as_written(column: str) -> str:
    """A column of the state as the contract writes it."""
    if column == "requested_at":
        return f"strftime({column} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%f+00:00')"
    return f"cast({column} as varchar)"


def test_deltas_took_part(pair: tuple[Path, Path]) -> None:
    with closing(duckdb.connect(str(pair[0]), read_only=True)) as connection:
        kinds = connection.execute(
            "select kind, count(*) > 1 from marts.rpt_load"
            " where outcome = 'accepted' and accepted > 0 group by kind order by kind"
        ).fetchall()
        lost = connection.execute(f"attach '{pair[1]}' as other (read_only)").execute(
            "select sum(lines - accepted) from other.marts.rpt_load"
        )
        assert lost.fetchall() == [(0,)]
    assert kinds == [("delta", True), ("full", True)]


def test_every_mart_is_the_same(pair: tuple[Path, Path]) -> None:
    with closing(duckdb.connect()) as connection:
        for name, path in zip(("one", "other"), pair, strict=True):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        marts = [
            mart
            for (mart,) in connection.execute(
                "select table_name from information_schema.tables"
                " where table_catalog = 'one' and table_schema = 'marts' order by 1"
            ).fetchall()
            if mart not in OF_FILES_AND_BUILDS
        ]
        assert len(marts) > 15
        for mart in marts:
            columns = [
                column
                for (column,) in connection.execute(
                    "select column_name from information_schema.columns where table_catalog = 'one'"
                    " and table_schema = 'marts' and table_name = ?",
                    [mart],
                ).fetchall()
                if column not in ASIDE
            ]
            one, other = (
                f"select {', '.join(columns)} from {name}.marts.{mart}" for name in ("one", "other")
            )
            different = connection.execute(
                f"(({one}) except all ({other})) union all (({other}) except all ({one})) limit 3"
            ).fetchall()
            assert different == [], mart
