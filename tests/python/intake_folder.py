"""A landing folder and a warehouse to try things on."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.intake import FileOutcome, LoadSummary, create_state_views, load

COLUMNS = {"mpan": ["1012345678901"], "direction": ["FORWARD"], "effective_from": ["2026-01-01"]}


def parquet_bytes(columns: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


class Folder:
    """A landing folder and a warehouse."""

    def __init__(self, root: Path) -> None:
        self.landing = root / "landing"
        self.warehouse = root / "warehouse"

    def put(self, name: str, content: bytes, manifest: object = None) -> Path:
        path = self.landing / name.split("_")[0] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if manifest is not None:
            text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
            path.with_name(path.name + ".manifest.json").write_bytes(text)
        return path

    def load(self, **options: Any) -> LoadSummary:
        self.landing.mkdir(exist_ok=True)
        return load(self.landing, self.warehouse, threads=1, **options)

    def only(self, **options: Any) -> FileOutcome:
        (outcome,) = self.load(**options).files
        return outcome

    def query(self, sql: str, as_of: date = date(2030, 1, 1)) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            create_state_views(connection, self.warehouse, as_of)
            return connection.execute(sql).fetchall()


def refused(outcome: FileOutcome, code: str) -> None:
    """Refused with this code, counting nothing, and saying why."""
    counts = (outcome.lines, outcome.accepted, outcome.quarantined, outcome.repeated)
    assert (outcome.outcome, outcome.error, counts) == ("refused", code, (0, 0, 0, 0))
    assert outcome.file in outcome.detail
    assert code in outcome.detail
