"""Files of whole answers: what the page orders, and the process that makes it.

`python -m dashboards.sql_export` reads a request on standard input. It holds the file open and
writes the audit line; the SQL runs in a worker of its own below it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards import audit
from dashboards.pseudonym import statement_facts
from pipeline.errors import PipelineError
from pipeline.export import FORM
from pipeline.keys import pseudonym_key
from pipeline.layout import Warehouse
from pipeline.sandbox import writing
from pipeline.sandbox.terms import BadQuestion, Question
from pipeline.worker_process import begin

if TYPE_CHECKING:
    from dashboards.auth import User
    from dashboards.data import View  # not in the process: it would load Streamlit


@dataclass(frozen=True)
class SqlOrder:
    """The file of one answer. With `hashed` it holds pseudonyms instead of MPANs."""

    warehouse: Warehouse
    view: View
    statement: str
    format: str
    hashed: bool

    @property
    def folder(self) -> Path:
        """Where the finished file is: the same for the same request under the same key.

        Logs and links name the folder, so its name is keyed: a plain hash of a statement that
        names an MPAN would be undone by trying them all.
        """
        request = json.dumps([FORM, "sql", self.statement, self.format, self.hashed])
        key = pseudonym_key(self.warehouse)
        name = hmac.new(key.encode(), request.encode(), hashlib.sha256).hexdigest()[:16]
        return self.warehouse.exports / self.view.publication_id / name

    def request(self, user: User, question: Question) -> dict[str, Any]:
        """What the process reads."""
        file = f"mhhs_sql_{self.view.publication_id}_{{rows}}rows.{self.format}"
        return {
            "warehouse": str(self.warehouse.root.resolve()),
            "publication_id": self.view.publication_id,
            "user": user.name,
            "identity": user.identity(),
            "statement": question.statement,
            "home": question.home,
            "publications": {name: str(path) for name, path in question.publications.items()},
            "mask_key": question.mask_key,
            "out_path": str(self.folder.resolve() / file),
            "format": self.format,
        }


def make(request: dict[str, Any]) -> dict[str, Any]:
    """Write file, manifest and audit line. Raises what stands in the way; then there is no file."""
    warehouse = Warehouse(Path(request["warehouse"]))
    facts = {
        **request["identity"],
        "publication_id": request["publication_id"],
        **statement_facts(warehouse, request["statement"]),
        "mpans": "in clear" if request["mask_key"] is None else "hashed",
        "format": request["format"],
    }
    asked = Question(
        request["statement"],
        request["home"],
        {name: Path(path) for name, path in request["publications"].items()},
        request["mask_key"],
    )
    started = time.monotonic()
    out_path = Path(request["out_path"])
    rows, outcome = None, "failed"
    try:
        manifest = writing.write(asked, writing.FILE_LIMITS, out_path, request["format"])
        rows, outcome = manifest["rows"], "answered"
    except BadQuestion as error:
        outcome = error.kind
        if outcome == "unreadable":
            facts["sql"] = None
        raise
    finally:
        facts |= {"outcome": outcome, "rows": rows, "seconds": round(time.monotonic() - started, 2)}
        _record(warehouse, request["user"], facts, out_path.parent)
    return manifest


def _record(warehouse: Warehouse, user: str, facts: dict[str, Any], folder: Path) -> None:
    try:
        audit.record(warehouse.audit_log, "sql_export", user, **facts)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)  # no line, no file
        raise


def main() -> int:
    """Worker process: the exit code tells, the reason stands on standard error."""
    begin()
    try:
        make(json.load(sys.stdin))
    except (PipelineError, OSError, writing.DatabaseError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
