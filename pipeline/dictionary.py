"""The data dictionary of a publication: what dbt knows of each model, small enough to keep.

One JSON file beside the publication, made from dbt's manifest of the build: a publication of last
month explains itself in the words, tests and SQL with which it was made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline import json_files
from pipeline.errors import PipelineError
from pipeline.layout import replace_text

FORM = 1
_KINDS = {"source": "extract", "seed": "seed"}
Node = Mapping[str, Any]


def make(dbt_manifest: Mapping[str, Any]) -> dict[str, Any]:
    """`models` by name (extracts and seeds among them), and the `pages` that read them."""
    nodes: dict[str, Node] = dbt_manifest["sources"] | {
        key: node
        for key, node in dbt_manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed")
    }
    names = [node["name"] for node in nodes.values()]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Two nodes of dbt share a name: {', '.join(sorted(twice))}")
    used_by: dict[str, set[str]] = {}
    for node in nodes.values():
        for parent in _parents(node, nodes):
            used_by.setdefault(parent, set()).add(node["name"])
    tests = _tests(dbt_manifest)
    unit_tests: dict[str, list[dict[str, str]]] = {}
    for test in dbt_manifest["unit_tests"].values():
        words = {"name": test["name"], "words": _one_line(test["description"])}
        unit_tests.setdefault(test["model"], []).append(words)
    owners = {group["name"]: group["owner"]["name"] for group in dbt_manifest["groups"].values()}
    models = {
        node["name"]: {
            "kind": _KINDS.get(node["resource_type"]) or _layer(node),
            "group": node["fqn"][-2],
            "owner": owners.get(node.get("group") or "", ""),
            "description": _one_line(node["description"]),
            "key": list(node.get("primary_key") or ()),
            "columns": [_column(column) for column in node["columns"].values()],
            "tests": tests.get(key, []),
            "unit_tests": sorted(unit_tests.get(node["name"], []), key=lambda test: test["name"]),
            "made_from": sorted(nodes[parent]["name"] for parent in _parents(node, nodes)),
            "used_by": sorted(used_by.get(key, ())),
            "extracts": sorted(_extracts(key, nodes)),
            "sql": node.get("raw_code", "").strip(),
        }
        for key, node in nodes.items()
    }
    pages = [
        {
            "name": exposure["name"],
            "title": exposure.get("label") or exposure["name"],
            "reads": sorted(nodes[key]["name"] for key in exposure["depends_on"]["nodes"]),
        }
        for exposure in dbt_manifest["exposures"].values()
    ]
    return {
        "form": FORM,
        "models": dict(sorted(models.items())),
        "pages": sorted(pages, key=lambda page: str(page["name"])),
    }


def write(path: Path, dbt_manifest: Mapping[str, Any]) -> None:
    """Write the dictionary of a build."""
    replace_text(path, json.dumps(make(dbt_manifest), separators=(",", ":"), ensure_ascii=False))


def _layer(node: Node) -> str:
    """mart, or the layer below that a model belongs to; the models of rules lie among the marts."""
    return "mart" if node["schema"] == "marts" else str(node["schema"])


def _parents(node: Node, nodes: Mapping[str, Node]) -> list[str]:
    return [key for key in node.get("depends_on", {}).get("nodes", ()) if key in nodes]


def _extracts(key: str, nodes: Mapping[str, Node]) -> set[str]:
    """The sources that a node goes back to, however far."""
    found, seen, waiting = set(), {key}, [key]
    while waiting:
        here = waiting.pop()
        if here != key and nodes[here]["resource_type"] == "source":
            found.add(str(nodes[here]["name"]))
        for parent in _parents(nodes[here], nodes):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return found


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    required = any(each["type"] == "not_null" for each in column["constraints"])
    return {
        "name": column["name"],
        "type": (column["data_type"] or "").lower(),
        "description": _one_line(column["description"]),
        "required": required,
    }


def _tests(dbt_manifest: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Tests in words, by the node that they are about; a singular test is about all it reads."""
    found: dict[str, list[dict[str, Any]]] = {}
    for test in dbt_manifest["nodes"].values():
        if test["resource_type"] != "test":
            continue
        attached = test.get("attached_node")
        about = [attached] if attached else test["depends_on"]["nodes"]
        line = {"name": test["name"], "column": test.get("column_name"), "words": _in_words(test)}
        for key in about:
            found.setdefault(key, []).append(line)
    for lines in found.values():
        lines.sort(key=lambda line: (line["column"] or "", line["name"]))
    return found


def _in_words(test: Node) -> str:
    metadata = test.get("test_metadata")
    if metadata is None:
        comment = test["raw_code"].strip().splitlines()[0].removeprefix("--").strip()
        return _one_line(test["description"]) or comment.strip("{}# ")
    name = metadata["name"]
    kwargs = {
        key: value
        for key, value in metadata["kwargs"].items()
        if key not in ("model", "column_name")
    }
    if name in _WORDS:
        return _WORDS[name](kwargs)
    if test["description"]:
        return _one_line(test["description"])
    arguments = ", ".join(f"{key} {_list(value)}" for key, value in sorted(kwargs.items()))
    return f"{name.replace('_', ' ').capitalize()}: {arguments}."


def _no_overlap(kwargs: Mapping[str, Any]) -> str:
    touch = " or touch" if kwargs.get("may_touch") is False else ""
    return f"Intervals of one {_list(kwargs['keys'])} do not overlap{touch}."


def _ascending(kwargs: Mapping[str, Any]) -> str:
    in_order = f"One row for each {_list(kwargs['keys'])}, in that order."
    if within := kwargs.get("no_overlap_within"):
        return f"{in_order} {_no_overlap({**kwargs, 'keys': within})}"
    return in_order


def _sums(kwargs: Mapping[str, Any]) -> str:
    by = f", for each {_list(kwargs['by'])}" if kwargs.get("by") else ""
    return f"{kwargs['sum']} is {kwargs['with_sum']} of {_ref(kwargs['with'])}{by}."


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "not_null": lambda _: "Never empty.",
    "unique_key": lambda kwargs: f"One row for each {_list(kwargs['keys'])}.",
    "ascending": _ascending,
    "accepted_values": lambda kwargs: f"One of {_list(kwargs['values'])}.",
    "relationships": lambda kwargs: f"Found in {_ref(kwargs['to'])}.{kwargs['field']}.",
    "expression_is_true": lambda kwargs: f"Always true: {_one_line(kwargs['expression'])}.",
    "accepted_values_from_seed": lambda kwargs: f"One that the seed {_ref(kwargs['seed'])} lists.",
    "no_overlap": _no_overlap,
    "sums_reconcile": _sums,
}


def _list(value: Any) -> str:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return _ref(str(value))
    return ", ".join(str(each) for each in value)


def _ref(text: str) -> str:
    """`ref('rule')` is the model `rule`."""
    return text.removeprefix("ref('").removesuffix("')")


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def read(path: Path) -> dict[str, Any] | None:
    """The dictionary of a publication; None for one that was made before there were any."""
    if not path.exists():
        return None
    document = json_files.read(path, json_files.Dictionary)
    if document["form"] != FORM:
        raise PipelineError(f"{path.name} is of a form that this version cannot read.")
    return document
