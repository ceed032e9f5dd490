"""How much of the server's time and disk the files of readers may take; set in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.room import RESERVE_VARIABLE, BadSetting, size_setting

AT_ONCE, PER_READER, KEPT = "MHHS_EXPORTS_AT_ONCE", "MHHS_EXPORTS_PER_READER", "MHHS_EXPORTS_KEPT"


@dataclass(frozen=True)
class Limits:
    """For the server: how many run at once. For a reader: how many wait or run, bytes kept."""

    at_once: int
    per_reader: int
    kept: int


def limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """The limits in force. Raises BadSetting."""
    size_setting(environment, RESERVE_VARIABLE, "0B")  # read elsewhere, refused here
    return Limits(
        _count(environment, AT_ONCE, 2),
        _count(environment, PER_READER, 4),
        size_setting(environment, KEPT, "5GB"),
    )


def _count(environment: Mapping[str, str], variable: str, usual: int) -> int:
    text = environment.get(variable) or str(usual)
    if not text.strip().isdecimal() or not 1 <= int(text) <= 100:
        raise BadSetting(f"{variable} must be a number from 1 to 100, not {text!r}.")
    return int(text)
