"""Today in Great Britain: the one clock that decides anything.

Models never ask it. Intake does, to refuse files dated in the future; the choice of the default
as-of day; what becomes current; the age of figures on pages.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipeline.errors import PipelineError

LONDON = ZoneInfo("Europe/London")
VARIABLE = "MHHS_TODAY"


def today() -> date:
    """The UK date, or the day in `MHHS_TODAY` (YYYY-MM-DD) for tests, demo and golden cases."""
    pretended = os.environ.get(VARIABLE)
    if not pretended:
        return datetime.now(LONDON).date()
    try:
        return date.fromisoformat(pretended)
    except ValueError:
        raise PipelineError(
            f"{VARIABLE}={pretended!r} is not a day: write it as YYYY-MM-DD, or unset it."
        ) from None
