"""The structured log of a warehouse: `logs/pipeline.jsonl`, one JSON object per event."""

from __future__ import annotations

import os
from typing import Any

import structlog

from pipeline.layout import Warehouse

_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.JSONRenderer(default=str),
]


def note(warehouse: Warehouse, event: str, *, level: str = "info", **facts: Any) -> None:
    """Append an event. No MPAN may be among the facts: logs are read by more people than lists."""
    warehouse.logs.mkdir(parents=True, exist_ok=True)
    with (warehouse.logs / "pipeline.jsonl").open("a", encoding="utf-8") as file:
        log = structlog.wrap_logger(structlog.WriteLogger(file), processors=_PROCESSORS)
        getattr(log, level)(event, process=os.getpid(), **facts)
