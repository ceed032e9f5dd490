"""Which statements may run: one question over tables of `marts`, as DuckDB's own parser reads it.

The gate walks the syntax tree that DuckDB gives (`json_serialize_sql`) and lets through what it
knows: a kind of node, a table, a type or a function (`functions`) that is on no list is refused.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import duckdb

from pipeline.sandbox import functions
from pipeline.sandbox.terms import BadQuestion


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SCHEMA = "marts"
_EXPRESSIONS = _words(
    """
    BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION LAMBDA
    LAMBDA_REF OPERATOR POSITIONAL_REFERENCE STAR SUBQUERY WINDOW
    """
)
_NODES = _words(
    """
    SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE BASE_TABLE SUBQUERY JOIN
    TABLE_FUNCTION EXPRESSION_LIST EMPTY PIVOT SHOW_REF ORDER_MODIFIER LIMIT_MODIFIER
    LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING
    UNBOUND_TYPE_INFO DECIMAL_TYPE_INFO LIST_TYPE_INFO STRUCT_TYPE_INFO ARRAY_TYPE_INFO
    ENUM_TYPE_INFO STRING_TYPE_INFO GENERIC_TYPE_INFO INTEGER_LITERAL_TYPE_INFO
    """
)
_ONLY = "only questions are answered here: SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE"

_CATALOG_HINT = " SHOW TABLES and DESCRIBE tell what there is, the data dictionary what it means."


@dataclass(frozen=True)
class Surroundings:
    """What a statement can name: tables by catalog, and names that a CTE may not bear.

    The catalog `home` is the one whose tables need no prefix.
    """

    home: str
    tables: Mapping[str, frozenset[str]]
    system_views: frozenset[str]


def system_views_of(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Names that every connection knows without a prefix; some tell where files lie."""
    found = connection.execute("select view_name from duckdb_views() where internal").fetchall()
    return frozenset(name.lower() for (name,) in found)


def parse(connection: duckdb.DuckDBPyConnection, statement: str) -> Any:
    """The syntax tree of one question. Raises BadQuestion for anything else.

    The connection must have no access to files: to parse IMPORT DATABASE is to read some.
    """
    if "\0" in statement:
        _refuse("A statement holds no NUL character.")
    try:
        statements = connection.extract_statements(statement)
    except duckdb.PermissionException:
        _refuse(f"This statement is refused: {_ONLY}.")
    except duckdb.Error as error:
        raise BadQuestion(str(error), "unreadable") from None
    kinds = [each.type.name for each in statements]
    if not kinds:
        _refuse("There is no statement: write a question, such as FROM rpt_m14_headline.")
    if kinds == ["CREATE", "SELECT"] or kinds == ["MULTI"]:
        _refuse("PIVOT needs its values: write ON column IN ('one', 'another').")
    if len(kinds) > 1:
        _refuse(f"One statement at a time: this text holds {len(kinds)}.")
    if kinds != ["SELECT"]:
        _refuse(f"{kinds[0]} is refused: {_ONLY}.")
    found = connection.execute(
        "select json_serialize_sql(?, skip_null := true, skip_empty := true)", [statement]
    ).fetchone()
    assert found is not None
    document = json.loads(found[0])
    if document["error"] or len(document["statements"]) != 1:
        _refuse(f"This statement is refused: {_ONLY}.")
    return document["statements"][0]


def admit(tree: Any, around: Surroundings) -> frozenset[str]:
    """The catalogs that a question reads. Raises BadQuestion for one that may not run."""
    return _Walk(around, _cte_names(tree, around)).catalogs(tree)


def _refuse(message: str) -> NoReturn:
    raise BadQuestion(message, "refused")


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of a tree; not by recursion, which a thousand brackets would exhaust."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _cte_names(tree: Any, around: Surroundings) -> frozenset[str]:
    names = {
        str(entry["key"]).lower()
        for part in _parts(tree)
        for entry in (part.get("cte_map") or {}).get("map", ())
    }
    if taken := names & around.system_views:
        _refuse(f"WITH {min(taken)}: that is the name of a system view; choose another.")
    return frozenset(names)


class _Walk:
    """One pass over the tree of a statement."""

    def __init__(self, around: Surroundings, ctes: frozenset[str]) -> None:
        self._around = around
        self._ctes = ctes
        self._read: set[str] = set()

    def catalogs(self, tree: Any) -> frozenset[str]:
        from_clause: set[int] = set()
        for part in _parts(tree):
            kind, expression = part.get("type"), part.get("class")
            if expression is not None and expression not in _EXPRESSIONS:
                _refuse(_not_here(expression))
            if expression is None and isinstance(kind, str) and kind not in _NODES:
                _refuse(_not_here(kind))
            if expression is None and kind == "BASE_TABLE":
                self._table(part)
            elif expression is None and kind == "SHOW_REF":
                _show(part)
            elif expression is None and kind == "TABLE_FUNCTION":
                function = part["function"]
                from_clause.add(id(function))
                self._function(function, functions.IN_FROM, "table function")
            elif "function_name" in part and id(part) not in from_clause:
                self._function(part, functions.IN_SELECT, "function")
            _type(part)
        return frozenset(self._read)

    def _table(self, part: dict[str, Any]) -> None:
        catalog = part.get("catalog_name", "").lower()
        schema = part.get("schema_name", "").lower()
        table = part["table_name"].lower()
        if not catalog and not schema and table in self._ctes:
            return
        if schema in self._around.tables and not catalog:
            _refuse(f"Write {schema}.{SCHEMA}.{table}.")
        if schema not in ("", SCHEMA) or (catalog and not schema):
            _refuse(f"{'.'.join(filter(None, (catalog, schema, table)))}: only {SCHEMA} is open.")
        tables = self._around.tables.get(catalog or self._around.home)
        if tables is None:
            kept = ", ".join(self._around.tables)
            _refuse(f"There is no publication {_short(catalog)} here; there is: {kept}.")
        if table not in tables:
            _refuse(f"The table {_short(table)} does not exist here.{_nearest(table, tables)}")
        self._read.add(catalog or self._around.home)

    def _function(self, part: dict[str, Any], known: Collection[str], what: str) -> None:
        name = part["function_name"].lower()
        if part.get("catalog", "") not in ("", "system") or part.get("schema", "") not in (
            "",
            "main",
        ):
            _refuse(f"The {what} {_short(name)}: only DuckDB's own functions are open.")
        if name not in known:
            why = functions.reason(name)
            hint = f" ({why})." if why else f".{_nearest(name, known)}"
            if name.startswith("duckdb_"):
                hint += _CATALOG_HINT
            _refuse(f"The {what} {_short(name)} is not open here{hint}")


def _type(part: dict[str, Any]) -> None:
    """A type by its name, or as DuckDB has read it already."""
    if part.get("export_state"):
        _refuse("EXPORT_STATE: this part of SQL is not open here.")
    if str(part.get("type")).endswith("_TYPE_INFO"):
        # A type that DuckDB knows by an alias, such as GEOMETRY, has it here.
        name = str(part.get("name") or part.get("alias") or "unbound").lower()
        if "schema" in part or "catalog" in part:
            _refuse(f"The type {_short(name)}: only DuckDB's own types are open.")
    elif part.keys() <= {"id", "type_info"} and isinstance(part.get("id"), str):
        name = part["id"].lower()
    else:
        return
    if name not in functions.ALLOWED_TYPES | {"unbound"}:
        _refuse(f"The type {_short(name)} is not open here.")


def _show(part: dict[str, Any]) -> None:
    if "query" in part and part.get("show_type") in ("DESCRIBE", "SUMMARY"):
        return
    if part.get("table_name") == '"tables"' and part.get("show_type") == "SHOW_UNQUALIFIED":
        return
    _refuse("Of SHOW only SHOW TABLES is open; DESCRIBE tells the columns of a table.")


def _not_here(kind: str) -> str:
    return f"{kind.replace('_', ' ').lower()}: this part of SQL is not open here."


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:57]}..."


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name[:60], known, n=1)
    return f" Did you mean {near[0]}?" if near else ""
