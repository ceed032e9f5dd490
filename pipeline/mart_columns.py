"""The columns of the marts: types, what they may tell, how an earlier contract is read."""

from __future__ import annotations

from functools import cache
from typing import Any

import duckdb
import yaml

from pipeline import publication_log
from pipeline.layout import PROJECT
from pipeline.sql_text import identifier

# The same reader in C, where the library has it: ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Expressions for columns that an earlier contract lacks.
_INSTEAD = {
    ("fct_exception", "change_since_previous"): "if(first_detected_on = as_of, 'NEW', null)",
    ("rpt_m15_outlook", "verdict"): (
        "case when points_to_migrate = 0 then 'REACHED' when days_to_m15 < 0 then 'MISSED' "
        "when coalesce(days_margin_to_m15, -1) < 0 then 'AT_RISK' "
        "when kwh_to_migrate > 0 and coalesce(kwh_days_margin_to_m15, -1) < 0 then 'AT_RISK' "
        "else 'IN_REACH' end"
    ),
}


# What is said of columns that only earlier contracts have.
_RETIRED = {"fct_regime": {"regime": "false"}}
# Rows of an earlier contract that are none of this one: its spells were those of LEGACY, too.
_NO_LONGER = {"fct_regime": ("regime", "where regime = 'MHHS'")}


@cache
def _columns() -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for path in sorted((PROJECT / "models" / "marts").rglob("*.yml")):
        for model in yaml.load(path.read_text("utf-8"), _LOADER).get("models", []):
            columns = {c["name"]: c for c in model.get("columns", []) if "data_type" in c}
            if columns:
                found[model["name"]] = columns
    return dict(sorted(found.items()))


def declared() -> dict[str, dict[str, str]]:
    """Every mart with the names and types of its columns, from the YAML beside the models."""
    return {
        mart: {name: column["data_type"] for name, column in columns.items()}
        for mart, columns in _columns().items()
    }


@cache
def personal() -> dict[str, dict[str, str]]:
    """Of every mart what `config.meta.personal` says of its columns, where it says something.

    The log of publications, which no model makes, is one of them.
    """
    found = {
        mart: {
            name: str(column["config"]["meta"]["personal"]).lower()
            for name, column in columns.items()
            if "personal" in column.get("config", {}).get("meta", {})
        }
        for mart, columns in _columns().items()
    }
    for mart, columns in _RETIRED.items():
        found[mart] = found[mart] | columns
    return found | {"rpt_publication": publication_log.PERSONAL}


def create_views(connection: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Make a schema `marts` of views over an attached publication of an earlier contract.

    Each has the columns of this contract; what the publication does not have is null, and a mart
    that it does not have is empty. What no model makes, the log of publications, is as it is. A
    look-up of one Metering Point reads whole marts where an MPAN has to be cast.
    """
    there: dict[str, set[str]] = {}
    for mart, column in connection.execute(
        "select table_name, column_name from duckdb_columns() "
        "where database_name = ? and schema_name = 'marts'",
        [catalog],
    ).fetchall():
        there.setdefault(mart, set()).add(column)
    connection.execute("create schema marts")
    for mart in there.keys() - declared().keys():
        connection.execute(
            f"create view marts.{identifier(mart)} as from {catalog}.marts.{identifier(mart)}"
        )
    for mart, columns in declared().items():
        values = ", ".join(
            f"cast({_value(mart, name, there)} as {type_}) as {identifier(name)}"
            for name, type_ in columns.items()
        )
        rows = f"from {catalog}.marts.{identifier(mart)}" if mart in there else "where false"
        column, condition = _NO_LONGER.get(mart, ("", ""))
        if column in there.get(mart, ()):
            rows = f"{rows} {condition}"
        connection.execute(f"create view marts.{identifier(mart)} as select {values} {rows}")


def _value(mart: str, column: str, there: dict[str, set[str]]) -> str:
    if column in there.get(mart, ()):
        return identifier(column)
    return _INSTEAD.get((mart, column), "null") if mart in there else "null"
