"""The one place that reads a publication: every line of SQL of the dashboards is here.

A module per topic. Pages ask for what a mart says and never work out a rule or a total.
"""

from dashboards.data import (
    agents,
    changes,
    dictionary,
    downloads,
    exceptions,
    frame,
    health,
    lists,
    migration,
    networks,
    overview,
    parties,
    plan,
    points,
    report,
    sql,
    starters,
    store,
    suppliers,
)
from dashboards.data.store import View

__all__ = [
    "View",
    "agents",
    "changes",
    "dictionary",
    "downloads",
    "exceptions",
    "frame",
    "health",
    "lists",
    "migration",
    "networks",
    "overview",
    "parties",
    "plan",
    "points",
    "report",
    "sql",
    "starters",
    "store",
    "suppliers",
]
