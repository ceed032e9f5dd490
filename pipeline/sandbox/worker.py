"""The process of one question: it confines itself, answers on standard output, and ends.

Output: one line of JSON (columns and types, or an error), the rows as an Arrow stream, and one
line of JSON about how it ended. DuckDB's settings alone do not contain hostile SQL
(`repeat('x', 4e9)` outruns its memory limit), so the kernel holds what it can: address space,
processor time, no bytes to any file, and no file, socket or library opened once the publication is.
"""

from __future__ import annotations

import json
import os
import re
import resource
import secrets
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import IO, Any

import duckdb

from pipeline.sandbox import gate, masking
from pipeline.sandbox.terms import STATEMENT_LENGTH, BadQuestion
from pipeline.sql_text import exact_path, identifier, mpan_text

_BATCH_ROWS = 2_048
_SETTINGS: dict[str, Any] = {
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
}
# Types that Arrow, Polars and JSON all read; any other is shown as DuckDB writes it.
_TYPES_KEPT = re.compile(
    r"(BOOLEAN|U?(TINY|SMALL|BIG)INT|U?INTEGER|HUGEINT|FLOAT|DOUBLE|DECIMAL\([0-9,]+\)|VARCHAR|DATE"
    r"|TIMESTAMP|TIMESTAMP WITH TIME ZONE)(\[\])*"
)
_PATH = re.compile(r"(?<![\w/])/(?:[^\s/'\"]+/)+[^\s/'\":,]*")


def main() -> None:
    """Answer the question on standard input."""
    request = json.load(sys.stdin)
    # Whatever a library prints must not fall among the rows.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    worker = Worker(request, output)
    try:
        worker.answer()
    except Exception as error:
        worker.end({"error": worker.words(error), "kind": _kind(error)})
    # Not the interpreter's own way out: it would import modules, and no file can be opened.
    output.flush()
    os._exit(0)


def _kind(error: Exception) -> str:
    if isinstance(error, BadQuestion):
        return error.kind
    too_much = (duckdb.OutOfMemoryException, MemoryError)
    # All that can go wrong in a function of Python's is that memory runs out.
    if isinstance(error, too_much) or "while executing the UDF" in str(error):
        return "limit"
    return "failed"


class Worker:
    def __init__(self, request: Mapping[str, Any], output: IO[bytes]) -> None:
        self._statement: str = request["statement"]
        self._home: str = request["home"]
        self._files: Mapping[str, str] = request["publications"]
        self._key: str | None = request["mask_key"]
        self._personal: Mapping[str, Mapping[str, str]] = request["personal"]
        self._function = f"f_{secrets.token_hex(12)}"
        self._limits: Mapping[str, Any] = request["limits"]
        self._output = output
        # Nobody who writes SQL can guess these names, and the gate lets no function tell them.
        self._hidden = {name: f"f_{secrets.token_hex(12)}" for name in self._files}

    def answer(self) -> None:
        if len(self._statement) > STATEMENT_LENGTH:
            raise BadQuestion(
                f"A statement has at most {STATEMENT_LENGTH:,} characters.", "refused"
            )
        _limit_the_process(self._limits)
        connection = self.open()
        _forbid_new_files()
        self._send(connection)

    def open(self) -> duckdb.DuckDBPyConnection:
        """A connection that is ready for the statement. Raises BadQuestion if it may not run."""
        with closing(self._connect()) as parser:
            _close_up(parser)
            tree = gate.parse(parser, self._statement)
            system_views = gate.system_views_of(parser)
        connection = self._connect()
        self._attach(connection, self._home)
        tables = frozenset(self._tables(connection, self._home))
        around = gate.Surroundings(self._home, dict.fromkeys(self._files, tables), system_views)
        catalogs = gate.admit(tree, around)
        # Only now: a statement that is refused needs none of it.
        import pyarrow.ipc  # noqa: F401

        if self._key is not None:
            self._make_function(connection, self._key)
        for catalog in sorted(catalogs | {self._home}):
            if catalog != self._home:
                self._attach(connection, catalog)
            self._make_views(connection, catalog)
        connection.execute(f"set search_path = '{self._home}.{gate.SCHEMA}'")
        _close_up(connection)
        return connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        limits = {
            "memory_limit": f"{self._limits['memory_mb']}MB",
            "threads": str(self._limits["threads"]),
        }
        connection = duckdb.connect(":memory:", config=_SETTINGS | limits)
        connection.execute("set TimeZone = 'UTC'")
        return connection

    def _attach(self, connection: duckdb.DuckDBPyConnection, catalog: str) -> None:
        connection.execute(
            f"attach {exact_path(self._files[catalog])} as {self._hidden[catalog]} (read_only)"
        )

    def _tables(
        self, connection: duckdb.DuckDBPyConnection, catalog: str
    ) -> dict[str, list[tuple[str, str]]]:
        """Columns (name, type) of every mart of a publication."""
        found: dict[str, list[tuple[str, str]]] = {}
        for table, column, data_type in connection.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where database_name = ? and schema_name = ? order by table_name, column_index",
            [self._hidden[catalog], gate.SCHEMA],
        ).fetchall():
            found.setdefault(table, []).append((column, data_type))
        return found

    def _make_function(self, connection: duckdb.DuckDBPyConnection, key: str) -> None:
        """Give the views their function; no list of the gate holds its name.

        Not volatile, so DuckDB leaves it out of a question that does not read its result.
        """
        from pipeline.pseudonym import Pseudonyms

        of_digests = Pseudonyms(key).of_digests
        connection.create_function(  # type: ignore[call-overload]
            self._function, of_digests, ["BLOB"], "VARCHAR", type="arrow", side_effects=False
        )
        # What it loads when first called is loaded before no file can be opened.
        connection.execute(f"select {self._function}(unhex(md5('')))").fetchall()

    def _make_views(self, connection: duckdb.DuckDBPyConnection, catalog: str) -> None:
        connection.execute(f"attach ':memory:' as {catalog}")
        connection.execute(f"create schema {catalog}.{gate.SCHEMA}")
        for table, columns in self._tables(connection, catalog).items():
            chosen = "*"
            if self._key is not None:
                said = self._personal.get(table, {})
                chosen = masking.select_list(columns, said, self._function)
            connection.execute(
                f'create view {catalog}.{gate.SCHEMA}."{table}" as '
                f'select {chosen} from {self._hidden[catalog]}.{gate.SCHEMA}."{table}"'
            )

    def _send(self, connection: duckdb.DuckDBPyConnection) -> None:
        import pyarrow as pa

        relation = connection.sql(self._statement)
        names, types = _unique(relation.columns), [str(each) for each in relation.types]
        shown = []
        for place, name in enumerate(relation.columns):
            value, types[place] = _shown(f"#{place + 1}", name, types[place])
            shown.append(value)
        if any(not value.startswith("#") for value in shown):
            relation = relation.project(
                ", ".join(
                    f"{value} as {identifier(name)}"
                    for value, name in zip(shown, names, strict=True)
                )
            )
        reader = relation.to_arrow_reader(_BATCH_ROWS)
        self.end({"columns": names, "types": types})
        schema = pa.schema(
            field.with_name(name) for field, name in zip(reader.schema, names, strict=True)
        )
        with pa.ipc.new_stream(self._output, schema) as writer:
            end = self._rows(pa, writer, schema, reader)
        self.end(end)

    def _rows(self, pa: Any, writer: Any, schema: Any, reader: Iterable[Any]) -> dict[str, Any]:
        """Write batches until there are no more or a limit is reached."""
        rows_left, size_left = self._limits["rows"], self._limits["size"]
        rows, cut = 0, ""
        try:
            for batch in reader:
                fits = batch.num_rows
                if rows_left is not None and fits > rows_left:
                    fits, cut = rows_left, "rows"
                if size_left is not None and batch.nbytes > size_left:
                    in_size = size_left * batch.num_rows // batch.nbytes
                    if in_size < fits:
                        fits, cut = in_size, "size"
                part = batch.slice(0, fits)
                writer.write_batch(pa.RecordBatch.from_arrays(part.columns, schema=schema))
                rows += fits
                if cut:
                    break
                rows_left = None if rows_left is None else rows_left - fits
                size_left = None if size_left is None else size_left - batch.nbytes
        except Exception as error:
            return {"error": self.words(error), "kind": _kind(error)}
        return {"rows": rows, "cut": cut}

    def end(self, line: Mapping[str, Any]) -> None:
        """Write a line of JSON between the streams."""
        self._output.write(json.dumps(line).encode() + b"\n")
        self._output.flush()

    def words(self, error: Exception) -> str:
        """What went wrong, without what an asker may not know: paths, names of ours, MPANs."""
        if isinstance(error, BadQuestion):
            text = str(error)
        elif _kind(error) == "limit":
            text = (
                f"The question needs more than {self._limits['memory_mb']:,} MB of memory. "
                "Ask for fewer rows or columns, or aggregate."
            )
        else:
            text = str(error).split("\n\nLINE ")[0].strip() or type(error).__name__
        for secret in (*self._hidden.values(), self._function, *filter(None, [self._key])):
            text = text.replace(secret, "…")
        text = _PATH.sub("[path]", text)
        return text if self._key is None else masking.without_long_numbers(text)


def _limit_the_process(limits: Mapping[str, Any]) -> None:
    os.nice(5)
    if limits["address_space_mb"] is not None:
        space = limits["address_space_mb"] << 20
        resource.setrlimit(resource.RLIMIT_AS, (space, space))
    # The asker's clock kills first; this ends a worker whose asker is gone.
    processor = int(limits["seconds"] * limits["threads"]) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _close_up(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _forbid_new_files() -> None:
    """From here on nothing can be opened: the lowest free descriptor lies beyond the limit."""
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, lowest))


def _shown(value: str, name: str, data_type: str) -> tuple[str, str]:
    """A column of the answer as people read it, and its type: `mpan` as 13 digits of text."""
    if data_type == "BIGINT" and name.lower() == "mpan":
        return mpan_text(value), "VARCHAR"
    kept = _TYPES_KEPT.fullmatch(data_type)
    return (value if kept else f"cast({value} as varchar)"), data_type


def _unique(names: Sequence[str]) -> list[str]:
    """Column names with a number behind those that came before."""
    found: list[str] = []
    for name in names:
        unique, number = name, 2
        while unique in found:
            unique, number = f"{name}_{number}", number + 1
        found.append(unique)
    return found
