"""Disk space that readers must leave to the nightly run."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping

from pipeline.errors import PipelineError
from pipeline.layout import Warehouse

RESERVE_VARIABLE = "MHHS_RESERVE"
_RESERVE = "5GB"
# A run writes the build database, the large marts and the publication.
_PUBLICATIONS_WORTH = 2
_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}


class BadSetting(PipelineError):
    """A setting in the environment is not what it must be."""

    exit_code = 2


def size_setting(environment: Mapping[str, str], variable: str, usual: str) -> int:
    """Bytes from a setting such as 5GB or 600MB. Raises BadSetting."""
    text = environment.get(variable) or usual
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?)B", text.strip(), re.IGNORECASE)
    if found is None:
        raise BadSetting(f"{variable} must be a size such as 5GB or 600MB, not {text!r}.")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def reserve(warehouse: Warehouse, environment: Mapping[str, str] = os.environ) -> int:
    """Bytes that exports leave free: the setting, or twice the current publication if larger."""
    return max(
        size_setting(environment, RESERVE_VARIABLE, _RESERVE),
        _PUBLICATIONS_WORTH * _current_size(warehouse),
    )


def free(warehouse: Warehouse) -> int:
    """Bytes that this account may still write; exports may be on a volume of their own."""
    places = [warehouse.root, warehouse.exports]
    return min(shutil.disk_usage(place).free for place in places if place.is_dir())


def _current_size(warehouse: Warehouse) -> int:
    try:
        publication_id = warehouse.current_pointer.read_text("utf-8").strip()
        return warehouse.publication(publication_id).stat().st_size
    except (OSError, ValueError):
        return 0  # no publication yet, or a damaged pointer: readers are told elsewhere
