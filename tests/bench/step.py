"""One measured step in a process of its own: prints what it took as JSON on its last line.

python -m tests.bench.step floor LANDING
python -m tests.bench.step full LANDING WAREHOUSE [MEMORY_LIMIT]
python -m tests.bench.step by_hand WAREHOUSE
python -m tests.bench.step write WAREHOUSE
python -m tests.bench.step readers WAREHOUSE
python -m tests.bench.step export WAREHOUSE FORMAT
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

READS = 5


@contextmanager
def _timed(into: dict[str, Any], name: str) -> Iterator[None]:
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    into[name] = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def floor(landing: str) -> dict[str, Any]:
    from tests.bench.floor import floor as parse

    cpu, wall = parse(Path(landing))
    return {"cpu": cpu, "wall": wall}


def full(landing: str, root: str, memory_limit: str | None = None) -> dict[str, Any]:
    """Everything that `python -m pipeline run` does, step by step; imports count too."""
    steps: dict[str, Any] = {}
    with _timed(steps, "start"):
        from pipeline.build import default_as_of
        from pipeline.causes import judge
        from pipeline.increment import build_day, note_standing
        from pipeline.intake import load
        from pipeline.layout import Warehouse
        from pipeline.ledger import record, record_causes
        from pipeline.publication import publish
        from pipeline.query import write_opening
    warehouse = Warehouse(Path(root))
    with _timed(steps, "load"):
        summary = load(Path(landing), warehouse.root, memory_limit=memory_limit)
    day = default_as_of(warehouse)
    with _timed(steps, "judge"):
        touched = judge(warehouse, day, memory_limit=memory_limit)
    with _timed(steps, "build"):
        result = build_day(warehouse, day, touched, memory_limit=memory_limit)
    with _timed(steps, "publish"):
        publication = publish(warehouse, result)
        record(warehouse, publication)
        record_causes(warehouse, publication.publication_id, day)
        note_standing(warehouse, publication, result)
        write_opening(warehouse)
    return {
        "steps": steps,
        "scope": result.scope,
        "files": len(summary.files),
        "models": result.models,
        "tests": result.tests,
        "nodes": result.seconds_by_node,
        "kinds": {
            node["name"]: node["resource_type"]
            for group in ("nodes", "unit_tests")
            for node in result.dbt_manifest[group].values()
        },
        "bytes": publication.manifest["bytes"],
        "rows": {name: mart["rows"] for name, mart in publication.manifest["marts"].items()},
        "checksums": {n: mart["checksum"] for n, mart in publication.manifest["marts"].items()},
    }


def by_hand(root: str) -> dict[str, Any]:
    """The SQL of the build that the warehouse holds, run by hand: models in order, data tests."""
    from pipeline.build import default_as_of, fresh_database
    from pipeline.intake import create_state_views
    from pipeline.layout import Warehouse, large_database
    from pipeline.ledger import create_ledger_tables
    from pipeline.machine import default_memory_limit
    from pipeline.sql_text import exact_path

    warehouse = Warehouse(Path(root))
    day = default_as_of(warehouse)
    nodes = json.loads((warehouse.dbt_target / "manifest.json").read_text("utf-8"))["nodes"]
    parents = {
        name: [parent for parent in node["depends_on"].get("nodes", []) if parent in nodes]
        for name, node in nodes.items()
    }
    cost: dict[str, Any] = {}
    scratch = warehouse.root / "build" / "by_hand" / "mhhs.duckdb"
    with (
        _timed(cost, "all"),
        fresh_database(scratch, default_memory_limit(), 2) as connection,
    ):
        create_state_views(connection, warehouse.root, day)
        create_ledger_tables(connection, warehouse, day)
        connection.execute(
            f"attach {exact_path(large_database(scratch))} as large (storage_version 'v1.4.0', "
            "block_size 65536)"
        )
        connection.execute(f"attach {exact_path(warehouse.build_database)} as dbt (read_only)")
        connection.execute("create table raw.unit_test as from dbt.raw.unit_test")
        for name in TopologicalSorter(parents).static_order():
            node = nodes[name]
            if node["resource_type"] == "test":
                connection.execute(f"select count(*) from ({node['compiled_code']})").fetchall()
                continue
            schema = f"{node['database']}.{node['schema']}"
            connection.execute(f"create schema if not exists {schema}")
            if node["resource_type"] == "seed":
                sql = f"from dbt.{node['schema']}.{node['name']}"
            else:
                sql = node["compiled_code"]
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(f"create {kind} {schema}.{node['name']} as {sql}")
    shutil.rmtree(scratch.parent)
    return cost["all"] | {"nodes": len(nodes)}


def write(root: str) -> dict[str, Any]:
    """W: every mart written from a table in memory into a new file, with its checkpoint."""
    import duckdb

    from pipeline.layout import STORAGE, Warehouse, large_database
    from pipeline.machine import memory
    from pipeline.publication import current
    from pipeline.sql_text import exact_path

    warehouse = Warehouse(Path(root))
    scratch = warehouse.root / "build" / "write" / "mhhs.duckdb"
    scratch.parent.mkdir()
    cpu = wall = 0.0
    with duckdb.connect(str(scratch), config=STORAGE) as connection:
        connection.execute(f"set threads = 2; set memory_limit = '{memory() * 7 // 10}B'")
        source = exact_path(current(warehouse).path)
        connection.execute(f"attach {source} as published (read_only)")
        connection.execute(
            f"attach {exact_path(large_database(scratch))} as copy (storage_version 'v1.4.0', "
            "block_size 65536)"
        )
        connection.execute("attach ':memory:' as held")
        marts = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'published'"
        ).fetchall()
        for (mart,) in marts:
            connection.execute(f"create table held.{mart} as from published.marts.{mart}")
            started = time.process_time(), time.perf_counter()
            connection.execute(f"create table copy.{mart} as from held.{mart}")
            if mart == marts[-1][0]:
                connection.execute("checkpoint copy")
            cpu += time.process_time() - started[0]
            wall += time.perf_counter() - started[1]
            connection.execute(f"drop table held.{mart}")
    shutil.rmtree(scratch.parent)
    return {"cpu": cpu, "wall": wall, "marts": len(marts)}


def readers(root: str) -> dict[str, Any]:
    """Questions of the dashboards, through the functions that its pages call, answers not kept."""
    os.environ["MHHS_WAREHOUSE"] = root
    logging.disable(logging.WARNING)  # Streamlit misses its server
    from dashboards.data import exceptions, migration, overview, points, store, suppliers

    view = store.kept()[0]
    party = str(suppliers.readiness(view)["mpid"][0])
    dim = store.query(view.path, "select quantile_disc(mpan, 0.5) from marts.dim_metering_point")
    mpan = f"{dim.item():013d}"
    asked: dict[str, Callable[[], Any]] = {
        "the headline": lambda: overview.headline(view),
        "points by day": lambda: overview.points_by_day(view),
        "the table of Suppliers": lambda: suppliers.readiness(view),
        "the register of rules": lambda: exceptions.register(view),
        "exceptions of one Supplier, counted": lambda: exceptions.count(view, {"mpid": [party]}),
        "100 exceptions of one Supplier": lambda: exceptions.rows(view, {"mpid": [party]}, 1),
        "migration by GSP group": lambda: migration.gsp_groups(view),
        "one Metering Point, all about it": lambda: points.look_up(view, mpan),
    }
    return {"asked": {name: _asked(each, store.query.clear) for name, each in asked.items()}}


def _asked(question: Callable[[], Any], forget: Callable[[], Any]) -> dict[str, float]:
    """Medians of CPU and wall in milliseconds."""
    cpu, wall = [], []
    for _ in range(READS):
        forget()
        started = time.process_time(), time.perf_counter()
        question()
        cpu.append((time.process_time() - started[0]) * 1000)
        wall.append((time.perf_counter() - started[1]) * 1000)
    return {"cpu": statistics.median(cpu), "wall": statistics.median(wall)}


def export(root: str, file_format: str) -> dict[str, Any]:
    """Every exception of the current publication in one file."""
    from pipeline.export import export as write
    from pipeline.layout import Warehouse
    from pipeline.publication import current

    target = Path(root) / "exports" / f"bench.{file_format}"
    target.parent.mkdir(exist_ok=True)
    steps: dict[str, Any] = {}
    with _timed(steps, "export"):
        written = write(current(Warehouse(Path(root))).path, target, format=file_format)
    return steps["export"] | {"rows": written["rows"], "bytes": target.stat().st_size}


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    steps: dict[str, Callable[..., dict[str, Any]]] = {
        "floor": floor,
        "full": full,
        "by_hand": by_hand,
        "write": write,
        "readers": readers,
        "export": export,
    }
    print(json.dumps(steps[name](*arguments)))
