"""Intake: landing files -> lake, quarantine and load log -> the state as known on a day."""

from pipeline.intake.loader import load
from pipeline.intake.part import write_part
from pipeline.intake.report import FileOutcome, LoadSummary
from pipeline.intake.state import (
    STORED,
    create_state_views,
    newest_registration_date,
    rows_of_file,
    states,
    store_states,
)

__all__ = [
    "STORED",
    "FileOutcome",
    "LoadSummary",
    "create_state_views",
    "load",
    "newest_registration_date",
    "rows_of_file",
    "states",
    "store_states",
    "write_part",
]
