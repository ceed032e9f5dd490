"""The report as a page orders it: one file for each publication, whoever asks first."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from dashboards import data, exporting
from dashboards.data import View

# Raise it when the same publication gives another report: finished ones of the old form are left.
FORM = 1


@dataclass(frozen=True)
class ReportOrder:
    """The report of one publication."""

    view: View

    @property
    def folder(self) -> Path:
        """Where the finished file lies."""
        name = hashlib.sha256(json.dumps(["report", FORM]).encode()).hexdigest()[:16]
        return data.store.warehouse().exports / self.view.publication_id / name


def start(asked: ReportOrder) -> None:
    """Start the process that makes it, unless it runs already or the file is there."""
    request = {
        "warehouse": str(data.store.warehouse().root.resolve()),
        "publication_id": asked.view.publication_id,
        "out_path": str(asked.folder.resolve() / file_name(asked.view)),
    }
    exporting.launch(asked, "dashboards.report", request)


def file_name(view: View) -> str:
    return f"mhhs_board_report_{view.publication_id}.pdf"
