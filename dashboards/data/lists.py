"""How many rows an export has: counted by the very condition that the export uses."""

from __future__ import annotations

from dashboards.data import store
from dashboards.data.store import View
from pipeline.export import LISTS, Filters, condition


def count(view: View, name: str, filters: Filters) -> int:
    """Rows of a list that the filters select."""
    export_list = LISTS[name]
    test, values = condition(export_list, filters)
    found = store.query(
        view.path,
        f"select count(*) from marts.{export_list.mart} where {test}",
        tuple(values),
    )
    return int(found.item())
