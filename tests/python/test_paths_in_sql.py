"""No path gets into SQL but through `pipeline.sql_text`, by the syntax tree of the code.

DuckDB expands patterns where it reads files, and a quote ends a literal. So a value between quotes
in an f-string of SQL, and every hand-made doubling of quotes, is refused here.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

import pipeline.build  # noqa: F401 (it teaches dbt the name of a database)
from pipeline.layout import PROJECT, large_database

SOURCES = sorted(
    path
    for folder in ("pipeline", "dashboards", "tests/bench")
    for path in (PROJECT / folder).rglob("*.py")
)
HOME = PROJECT / "pipeline" / "sql_text.py"
_VALUE = "\N{OBJECT REPLACEMENT CHARACTER}"
_READS = re.compile(
    rf"""(?ix)
    \b(attach|from|join|into|import\s+database|export\s+database)\s*'[^']*{_VALUE}
    | \bcopy\b.*\b(to|from)\s*'[^']*{_VALUE}
    | \b(read_\w+|parquet_\w+|glob|sniff_csv)\s*\(\s*\[?\s*'[^']*{_VALUE}
    | \b(temp_directory|extension_directory|secret_directory|home_directory|log_query_path)
      \s*=\s*'[^']*{_VALUE}
    """
)
_DIRECT = re.compile(rf"(?i)\b(attach|read_\w+\s*\(|\bto)\s*{_VALUE}")
_ALLOWED = ("exact_path", "read_path", "literal")


def faults(text: str) -> Iterator[str]:
    """Each place at which a value gets into SQL some other way."""
    for node in ast.walk(ast.parse(text)):
        if _doubles_quotes(node):
            yield f"line {node.lineno}: doubles quotes by hand"  # type: ignore[attr-defined]
        sql = _text_with_values(node)
        if sql and _READS.search(sql):
            yield f"line {node.lineno}: a value between quotes as a path"  # type: ignore[attr-defined]
        if isinstance(node, ast.JoinedStr):
            yield from _bare_paths(node)


def _doubles_quotes(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("replace", "sub", "translate")
        and any(
            isinstance(each, ast.Constant) and each.value in ("''", r"\'") for each in node.args
        )
    )


def _text_with_values(node: ast.AST) -> str | None:
    """The text of an f-string, a concatenation, a `%` or a `.format`, a mark for each value."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else _VALUE for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return "".join(
            _VALUE if (text := _constant_or_text(side)) is None else text
            for side in (node.left, node.right)
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        text = _constant_or_text(node.left)
        return None if text is None else re.sub(r"%s|%\(\w+\)s", _VALUE, text)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
    ):
        text = _constant_or_text(node.func.value)
        return None if text is None else re.sub(r"\{[^{}]*\}", _VALUE, text)
    return None


def _constant_or_text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    return _text_with_values(node)


def _bare_paths(node: ast.JoinedStr) -> Iterator[str]:
    """Values after ATTACH, TO or a reader that no helper has made, as far as one can see."""
    for before, part in zip(node.values, node.values[1:], strict=False):
        if not isinstance(part, ast.FormattedValue) or not isinstance(before, ast.Constant):
            continue
        if not _DIRECT.search(f"{before.value}{_VALUE}"):
            continue
        if re.search(r"(?i)\b(copy|attach|read_\w+)\b", _text_with_values(node) or "") is None:
            continue
        names = {each.id for each in ast.walk(part.value) if isinstance(each, ast.Name)}
        if not names & {*_ALLOWED} and _is_a_path(part.value):
            yield f"line {node.lineno}: {ast.unparse(part.value)} is no literal of a helper"


def _is_a_path(value: ast.expr) -> bool:
    said = ast.unparse(value)
    return "path" in said.lower() or " / " in said or "str(" in said or said.startswith("repr(")


def test_no_other_way_to_put_a_path_into_sql() -> None:
    found = [
        f"{path.relative_to(PROJECT)} {fault}"
        for path in SOURCES
        if path != HOME
        for fault in faults(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        """c.execute(f"attach '{path}' as build (read_only)")""",
        """c.execute(f"copy (from t) to '{folder}/x.parquet' (format parquet)")""",
        """c.execute(f"copy t from '{path}'")""",
        """c.execute(f"select * from read_parquet('{path}', hive_partitioning = false)")""",
        """c.execute(f"select * from read_csv(['{path}'])")""",
        """c.execute(f"from '{path}'")""",
        """c.execute("attach '" + str(path) + "' as x")""",
        """c.execute("from read_parquet('%s')" % path)""",
        """c.execute("from read_parquet('{}')".format(path))""",
        """c.execute("set temp_directory = '" + str(path) + "'")""",
        """c.execute(f"set temp_directory = '{path}'")""",
        """c.execute(f"attach {str(path)!r} as x")""",
        """x = text.replace("'", "''")""",
        """x = re.sub("'", "''", text)""",
    ],
)
def test_a_made_up_line_is_refused(line: str) -> None:
    assert list(faults(line))


@pytest.mark.parametrize(
    "line",
    [
        """c.execute(f"attach {exact_path(path)} as build (read_only)")""",
        """c.execute(f"from read_parquet({read_path(path)})")""",
        """c.execute(f"insert into judged values (date '{day}')")""",
        """c.execute(f"select '{name}' as rule from t")""",
        """raise Error(f"taken from '{path}': write it again")""".replace("from '", "in '"),
    ],
)
def test_a_line_through_the_helpers_passes(line: str) -> None:
    assert list(faults(line)) == []


@pytest.mark.parametrize("folder", ["it's [a] *w?h {{ x }} é", "a#b", "mhhs.duckdb"])
def test_dbt_finds_its_databases_in_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """dbt's profile as dbt renders it: the paths are those of the build, the name is DuckDB's."""
    database = tmp_path / folder / "mhhs.duckdb"
    monkeypatch.setenv("MHHS_BUILD_DATABASE", str(database))
    set_invocation_context(os.environ.copy())
    rendered = ProfileRenderer({}).render_data(
        yaml.safe_load((PROJECT / "profiles.yml").read_text("utf-8"))
    )["mhhs_readiness"]["outputs"]["build"]
    rendered.pop("threads")
    rendered.pop("type")
    credentials = DuckDBCredentials.from_dict(rendered | {"schema": "main"})
    assert credentials.path == str(database)
    assert credentials.database == "mhhs"
    (attached,) = credentials.attach or []
    assert attached.path == str(large_database(database))
