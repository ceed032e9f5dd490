"""Where things lie in a warehouse folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


# From this version of DuckDB's file format on, text with few values is written in half the time.
STORAGE: dict[str, Any] = {"storage_compatibility_version": "v1.4.0"}


@dataclass(frozen=True)
class Warehouse:
    """The one folder that holds everything generated.

    `build/` can be deleted at any time; `lake/` and `history/` cannot be made again without the
    landing files, and `published/` is what readers saw.
    """

    root: Path

    @property
    def build_database(self) -> Path:
        return self.root / "build" / "mhhs.duckdb"

    @property
    def large_database(self) -> Path:
        return large_database(self.build_database)

    @property
    def standing(self) -> Path:
        """What the build database holds, if the next build may rely on it."""
        return self.root / "build" / "standing.json"

    @property
    def dbt_target(self) -> Path:
        return self.root / "build" / "target"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def audit_log(self) -> Path:
        return self.logs / "audit.jsonl"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def current_pointer(self) -> Path:
        return self.published / "CURRENT"

    @property
    def last_failure(self) -> Path:
        return self.published / "LAST_FAILURE.json"

    @property
    def publication_log(self) -> Path:
        return self.root / "history" / "publication_log.jsonl"

    @property
    def ledger(self) -> Path:
        return self.root / "history" / "exceptions"

    @property
    def causes(self) -> Path:
        return self.root / "history" / "causes"

    @property
    def new_causes(self) -> Path:
        """Those of the build at hand, which has no publication yet."""
        return self.root / "build" / "causes"

    @property
    def comparisons(self) -> Path:
        return self.root / "history" / "comparisons"

    @property
    def mask_key(self) -> Path:
        """The key of the pseudonyms that analysts see instead of MPANs."""
        return self.root / "history" / "pseudonym.key"

    @property
    def exposed_key(self) -> Path:
        """The key of an earlier version, which SQL could read."""
        return self.root / "history" / "mpan.key"

    @property
    def saved_queries(self) -> Path:
        return self.root / "history" / "queries"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    def publication(self, publication_id: str) -> Path:
        return self.published / f"{publication_id}.duckdb"

    def manifest(self, publication_id: str) -> Path:
        return self.published / f"{publication_id}.manifest.json"

    def dictionary(self, publication_id: str) -> Path:
        return self.published / f"{publication_id}.dictionary.json"


def large_database(build_database: Path) -> Path:
    """The file beside a build database in which dbt writes large marts."""
    return build_database.with_name("large.duckdb")


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def replace_json(path: Path, document: Any) -> None:
    """`replace_text` for a JSON document."""
    replace_text(path, json.dumps(document, indent=2) + "\n")
