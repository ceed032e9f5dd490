"""Intake: landing files -> lake, quarantine and load log -> the state as known on a day."""

from pipeline.intake.loader import load
from pipeline.intake.part import write_part
from pipeline.intake.report import FileOutcome, LoadSummary
from pipeline.intake.state import (
    create_state_views,
    newest_registration_date,
    rows_of_file,
    states,
)

__all__ = [
    "FileOutcome",
    "LoadSummary",
    "create_state_views",
    "load",
    "newest_registration_date",
    "rows_of_file",
    "states",
    "write_part",
]
