"""Distribution Network Operators: were they Qualified when migration began?"""

from __future__ import annotations

import polars as pl

from dashboards.data import store
from dashboards.data.store import View


def readiness(view: View) -> pl.DataFrame:
    """`rpt_dno_readiness`: those not Qualified on M11 first, then by the day that they were."""
    return store.query(
        view.path,
        "from marts.rpt_dno_readiness order by was_qualified_on_m11, "
        "first_qualified_on desc nulls first, distributor_id",
    )
