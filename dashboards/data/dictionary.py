"""The data dictionary of a publication: models, measures and rules, in its own build's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from dashboards.data import sql, store
from dashboards.data.store import View
from pipeline import dictionary
from pipeline.json_files import DamagedFile
from pipeline.publication import read_manifest

_ABOUT_LOADS = "operations"
_NUMBERS = ("bigint", "integer", "double", "decimal", "hugeint")


@dataclass(frozen=True)
class Column:
    """A column of a model. Only marts say types, and which columns are never empty."""

    name: str
    type: str
    description: str
    required: bool = False
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """A model, seed or extract; `kind` is mart, intermediate, staging, seed or extract."""

    name: str
    kind: str
    group: str
    owner: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    tests: tuple[str, ...] = ()
    unit_tests: tuple[tuple[str, str], ...] = ()
    made_from: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    pages: tuple[tuple[str, str], ...] = ()
    extracts: tuple[str, ...] = ()
    sql: str = ""
    rows: int | None = None

    @property
    def test_count(self) -> int:
        checks = sum(len(column.tests) + column.required for column in self.columns)
        return len(self.tests) + len(self.unit_tests) + checks


@dataclass(frozen=True)
class Dictionary:
    """Every model by name; `is_whole` is false for a publication older than its dictionary."""

    models: dict[str, Model] = field(default_factory=dict)
    is_whole: bool = True

    def marts(self) -> list[Model]:
        return [model for model in self.models.values() if model.kind == "mart"]


def load(view: View) -> Dictionary:
    """The dictionary beside the publication, else what the comments in the publication tell."""
    warehouse = store.warehouse()
    path = warehouse.dictionary(view.publication_id)
    told = _from_comments(view)
    if not path.exists():
        return told
    try:
        known = _from_file(str(path), str(warehouse.manifest(view.publication_id)))
    except DamagedFile:  # `verify` names it
        return told
    # The log of publications is a mart that no model makes.
    return Dictionary(dict(sorted((told.models | known.models).items())))


# Neither file ever changes: a publication's name is used once.
@st.cache_resource(max_entries=4, show_spinner=False)
def _from_file(path: str, manifest_path: str) -> Dictionary:
    document = dictionary.read(Path(path))
    assert document is not None
    marts = read_manifest(Path(manifest_path))["marts"]
    models = {
        name: _model(name, entry, document["pages"], marts.get(name, {}).get("rows"))
        for name, entry in document["models"].items()
    }
    return Dictionary(models)


def _model(
    name: str, entry: dict[str, Any], pages: list[dict[str, Any]], rows: int | None
) -> Model:
    of_columns: dict[str, list[str]] = {}
    for test in entry["tests"]:
        if test["column"]:
            of_columns.setdefault(test["column"], []).append(test["words"])
    columns = tuple(
        Column(
            each["name"],
            each["type"],
            each["description"],
            each["required"],
            tuple(of_columns.get(each["name"], ())),
        )
        for each in entry["columns"]
    )
    return Model(
        name=name,
        kind=entry["kind"],
        group=entry["group"],
        owner=entry["owner"],
        description=entry["description"],
        key=tuple(entry["key"]),
        columns=columns,
        tests=tuple(test["words"] for test in entry["tests"] if not test["column"]),
        unit_tests=tuple((test["name"], test["words"]) for test in entry["unit_tests"]),
        made_from=tuple(entry["made_from"]),
        used_by=tuple(entry["used_by"]),
        pages=tuple((page["name"], page["title"]) for page in pages if name in page["reads"]),
        extracts=tuple(entry["extracts"]),
        sql=entry["sql"],
        rows=rows,
    )


def _from_comments(view: View) -> Dictionary:
    """Marts and columns alone."""
    models = {
        table.name: Model(
            name=table.name,
            kind="mart",
            group="",
            owner="",
            description=table.description,
            key=(),
            columns=tuple(Column(*column) for column in table.columns),
        )
        for table in sql.tables(view)
    }
    return Dictionary(models, is_whole=False)


def measures(known: Dictionary) -> list[tuple[Model, Column]]:
    """The numbers of the reports, those about the loads aside."""
    return [
        (model, column)
        for model in known.marts()
        if model.name.startswith("rpt_") and model.group != _ABOUT_LOADS
        for column in model.columns
        if column.type.startswith(_NUMBERS) and not column.name.endswith("_id")
    ]


def rules(view: View) -> pl.DataFrame:
    """The register of rules, in its order."""
    return store.query(
        view.path,
        "from marts.dim_rule order by family <> 'Suppliers', family, rule_id",
    )
