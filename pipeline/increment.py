"""The build of a day on top of the last one: what did not move stands, the rest is worked out anew.

Models with the tag `per_point` say of a Metering Point what its own rows and its parties alone
decide. They are built in a database of their own for the points that were touched, tested there,
and put in place of what the build database said of these points. Of totals, models whose meta names
what is `summed`, what these points added on the earlier day is taken away, and what they add now is
added. All other models and tests follow as in any build. Whenever it is not certain that the rest
stands, or anything goes wrong, everything is built afresh, and the result says why.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipeline import json_files
from pipeline.build import (
    FAILED,
    BuildResult,
    Progress,
    build,
    dbt_manifest,
    fresh_database,
    opened,
    parsed,
    project_fingerprint,
    run_dbt,
)
from pipeline.errors import PipelineError
from pipeline.intake import create_state_views
from pipeline.layout import PROJECT, Warehouse, large_database, replace_json
from pipeline.ledger import create_ledger_tables
from pipeline.machine import default_memory_limit
from pipeline.publication import (
    LARGE,
    PER_POINT,
    Publication,
    files_of,
    primary_key,
    proven,
    publications,
)
from pipeline.sql_text import exact_path
from pipeline.touched import POINTS, Known, Touched, find, turning

# Beyond this part of the market a build afresh is not much dearer, and leaves the marts in order.
_LARGEST_PART = 0.1
_SUMMED = "summed"


class _Afresh(Exception):
    """Why what stands cannot be relied on."""


@dataclass(frozen=True)
class _Standing:
    """What the build database holds: a publication, and how many points were renewed since all."""

    publication: Publication
    renewed: int


def note_standing(warehouse: Warehouse, publication: Publication, result: BuildResult) -> None:
    """Remember that the build database holds this publication, for the next build to rely on."""
    replace_json(
        warehouse.standing,
        {
            "publication_id": publication.publication_id,
            "code": _code(),
            "renewed": result.scope.get("renewed", 0),
            "databases": _databases(warehouse),
        },
    )


def build_day(
    warehouse: Warehouse,
    as_of: date,
    touched: Touched | None = None,
    *,
    memory_limit: str | None = None,
    threads: int = 2,
    progress: Progress | None = None,
) -> BuildResult:
    """Build for a day: what is touched since the last publication, or everything.

    `touched` is what was found already, perhaps between other days; it is closed.
    """
    memory_limit = memory_limit or default_memory_limit()
    try:
        standing = _standing(warehouse)
        earlier = Known(standing.publication.as_of, files_of(standing.publication))
        if as_of < earlier.day:
            raise _Afresh(f"what stands is of a later day, {earlier.day}")
        later = Known(as_of)
        if touched is None or (touched.earlier, touched.later) != (earlier, later):
            if touched is not None:
                touched.close()
            touched = find(warehouse, earlier, later, memory_limit, threads)
        return _build_touched(warehouse, standing, touched, memory_limit, threads, progress)
    except _Afresh as reason:
        because = str(reason)
    except (PipelineError, duckdb.Error) as error:
        because = f"what stood could not be used: {str(error).splitlines()[0]}"
    finally:
        shutil.rmtree(_scratch(warehouse).parent, ignore_errors=True)
        if touched is not None:
            touched.close()
    return build(
        warehouse,
        as_of,
        memory_limit=memory_limit,
        threads=threads,
        proven=proven(warehouse),
        because=because,
        progress=progress,
    )


def _build_touched(
    warehouse: Warehouse,
    standing: _Standing,
    touched: Touched,
    memory_limit: str,
    threads: int,
    progress: Progress | None,
) -> BuildResult:
    started = time.monotonic()
    as_of = touched.later.day
    if touched.everything:
        raise _Afresh("a new full file came, or a file was replaced")
    nodes = _Nodes(parsed(warehouse.logs, warehouse.dbt_target).to_dict())
    scratch = _scratch(warehouse)
    points_now = standing.publication.manifest["marts"].get("dim_metering_point")
    if points_now is None:
        raise _Afresh(f"the manifest of {standing.publication.publication_id} names no points")
    market = points_now["rows"]
    _add_points_of_parties(warehouse, touched)
    renewed = _count(touched.connection, "(select distinct mpan from point)")
    if standing.renewed + renewed > market * _LARGEST_PART:
        raise _Afresh(f"{renewed:,} of {market:,} Metering Points are touched")
    points = touched.write_part("point")
    before = scratch.with_name("before") / scratch.name
    for database, known in ((scratch, touched.later), (before, touched.earlier)):
        with fresh_database(database, memory_limit, threads) as connection:
            connection.register("points", points)
            connection.execute("create table touched as from points")
            create_state_views(connection, touched.part.root, known.day, known.files)
            for extract in POINTS:
                connection.execute(f"alter view raw.{extract} rename to {extract}_of_part")
                connection.execute(
                    f"create table raw.{extract} as select * from raw.{extract}_of_part "
                    "where mpan in (from touched)"
                )
            if known == touched.later:
                _assert_numbers_stand(connection, warehouse)

    def run(words: list[str], database: Path, day: date, share: tuple[float, float]) -> list[Any]:
        start, end = share

        def report(name: str, done: float) -> None:
            if progress is not None:
                progress(name, start + done * (end - start))

        options = ["build", *words, "--indirect-selection", "empty"]
        results = run_dbt(warehouse, options, database, day, memory_limit, threads, report)
        failed = [result.node.name for result in results if result.status in FAILED]
        if failed:
            raise _Afresh(f"{', '.join(failed)} failed on what was touched")
        return results

    some = ["--no-write-json", "--select"]
    run([*some, *nodes.of_totals], before, touched.earlier.day, (0.0, 0.2))
    results = run([*some, *nodes.of_touched], scratch, as_of, (0.2, 0.4))
    warehouse.standing.unlink(missing_ok=True)
    with opened(warehouse.build_database, memory_limit, threads) as connection:
        _splice(connection, warehouse, as_of, nodes, scratch, before)
    rest = ["--resource-type", "model", "--resource-type", "test", "--exclude", *nodes.done]
    results += run(rest, warehouse.build_database, as_of, (0.4, 1.0))
    manifest = dbt_manifest(warehouse)
    kinds = [result.node.resource_type for result in results]
    seconds: dict[str, float] = {}
    for result in results:
        name = result.node.name
        seconds[name] = seconds.get(name, 0.0) + result.execution_time
    return BuildResult(
        as_of=as_of,
        models=len({r.node.name for r in results if r.node.resource_type == "model"}),
        tests=kinds.count("test") + len(manifest["unit_tests"]),
        proven=project_fingerprint(),
        failures=[],
        seconds=time.monotonic() - started,
        seconds_by_node=seconds,
        dbt_manifest=manifest,
        scope={
            "points": renewed,
            "of": market,
            "since": standing.publication.publication_id,
            "renewed": standing.renewed + renewed,
        },
    )


def _assert_numbers_stand(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Rows that stand name their files by numbers: a new file may have taken one."""
    connection.execute(f"attach {exact_path(warehouse.build_database)} as kept (read_only)")
    moved = (
        "kept.raw.load as kept join raw.load as now_ "
        "on kept.file = now_.file and kept.sha256 = now_.sha256 "
        "where kept.load_id <> now_.load_id"
    )
    if _count(connection, moved):
        raise _Afresh("a file bears another number than before")
    connection.execute("detach kept")


def _add_points_of_parties(warehouse: Warehouse, touched: Touched) -> None:
    """Add the points of parties that changed, or whose Qualification begins or ends."""
    connection = touched.connection
    connection.execute(f"attach {exact_path(warehouse.build_database)} as kept (read_only)")
    turned = turning(touched.earlier.day, touched.later.day, "kept")
    connection.execute(f"create temp table changed_party as from party union {turned}")
    connection.execute("detach kept")
    touched.add_points_of("changed_party", "point")


def _standing(warehouse: Warehouse) -> _Standing:
    try:
        note = json_files.read(warehouse.standing, json_files.ReusableBuild)
    except FileNotFoundError:
        raise _Afresh("the build database holds no publication") from None
    except json_files.DamagedFile:
        raise _Afresh(f"{warehouse.standing} is damaged") from None
    if note["code"] != _code():
        raise _Afresh("code, seeds or libraries are others")
    if note["databases"] != _databases(warehouse):
        raise _Afresh("the build database was changed since it was published")
    for publication in publications(warehouse):
        if publication.publication_id == note["publication_id"]:
            break
    else:
        raise _Afresh("the publication that it holds is not kept any more")
    if publication.manifest.get("proven") != project_fingerprint():
        raise _Afresh("unit tests are to be run")
    return _Standing(publication, note["renewed"])


def _code() -> str:
    """A hash of all that the content of the build database depends on, the files aside."""
    digest = hashlib.sha256(project_fingerprint().encode())
    for path in sorted((PROJECT / "pipeline").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _databases(warehouse: Warehouse) -> list[list[int]]:
    """Size and time of the two files: another process, or damage, would leave others."""
    files = (warehouse.build_database, warehouse.large_database)
    return [[path.stat().st_size, path.stat().st_mtime_ns] for path in files if path.exists()]


def _scratch(warehouse: Warehouse) -> Path:
    return warehouse.root / "build" / "touched" / "mhhs.duckdb"


class _Nodes:
    """The nodes of the project by where a build of what is touched runs them."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        nodes = manifest["nodes"]
        self._parents = {
            name: [each for each in node["depends_on"].get("nodes", []) if each in nodes]
            for name, node in nodes.items()
        }
        models = [node for node in nodes.values() if node["resource_type"] == "model"]
        tests = [node for node in nodes.values() if node["resource_type"] == "test"]
        self.spliced = [
            node
            for node in models
            if PER_POINT in node["config"]["tags"] and node["config"]["materialized"] == "table"
        ]
        self.summed = [node for node in models if _SUMMED in node["config"]["meta"]]
        per_point = {node["unique_id"] for node in self.spliced}
        summed = {node["unique_id"] for node in self.summed}
        of_totals = self._with_ancestors(summed)
        within = self._with_ancestors(per_point) | of_totals

        def is_of_touched(test: dict[str, Any]) -> bool:
            parents = set(self._parents[test["unique_id"]])
            return bool(parents & per_point) and parents <= within - summed

        def names(ids: Iterable[str]) -> list[str]:
            return [nodes[each]["name"] for each in sorted(ids)]

        own = [test["unique_id"] for test in tests if is_of_touched(test)]
        self.of_totals = names(of_totals)
        self.of_touched = names(within) + names(own)
        self.done = names(per_point | summed) + names(own)
        self.rewritten = [
            node for node in models if node["database"] == LARGE and node not in self.spliced
        ]

    def _with_ancestors(self, ids: set[str]) -> set[str]:
        found = set(ids)
        ahead = list(ids)
        while ahead:
            new = set(self._parents[ahead.pop()]) - found
            found |= new
            ahead += new
        return found


def _splice(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    as_of: date,
    nodes: _Nodes,
    scratch: Path,
    before: Path,
) -> None:
    """Put what was built of the touched points in place of what the build database says of them."""
    connection.execute(f"attach {exact_path(scratch)} as new (read_only)")
    connection.execute(f"attach {exact_path(large_database(scratch))} as new_{LARGE} (read_only)")
    connection.execute(f"attach {exact_path(warehouse.large_database)} as {LARGE}")
    connection.execute(f"attach {exact_path(before)} as earlier (read_only)")
    first_day = "intermediate.int_first_day_shown"
    if _count(connection, f"(from new.{first_day} except from earlier.{first_day})"):
        raise _Afresh("the first day of reports by day is another")
    milestones = "(select milestone, milestone_date from {}.intermediate.int_milestone)"
    if _count(
        connection, f"(from {milestones.format('new')} except from {milestones.format('earlier')})"
    ):
        raise _Afresh("a milestone has another date")
    own = connection.execute("select current_database()").fetchall()[0][0]
    connection.execute("create temp table point as from new.touched")
    create_state_views(connection, warehouse.root, as_of)
    create_ledger_tables(connection, warehouse, as_of)
    for node in nodes.spliced:
        place = f"{node['schema']}.{node['name']}"
        large = node["database"] == LARGE
        keys = primary_key(node)
        _replace(
            connection,
            f"{LARGE if large else own}.{place}",
            f"{f'new_{LARGE}' if large else 'new'}.{place}",
            keys[0] if len(keys) == 1 and keys != ["mpan"] else None,
        )
    for node in nodes.summed:
        _add_up(
            connection, own, f"{node['schema']}.{node['name']}", node["config"]["meta"][_SUMMED]
        )
    # The file of the large marts is published as it lies: what is written anew takes their room.
    for node in nodes.rewritten:
        connection.execute(f"drop table {LARGE}.{node['schema']}.{node['name']}")


def _add_up(connection: duckdb.DuckDBPyConnection, own: str, place: str, summed: list[str]) -> None:
    """Take from a total what touched points added on the earlier day, and add what they do now."""
    columns = [name for name, *_ in connection.sql(f"describe {own}.{place}").fetchall()]
    keys = [name for name in columns if name not in summed]
    less = ", ".join(f"-{name} as {name}" for name in summed)
    sums = ", ".join(f"sum({name}) as {name}" for name in summed)
    some = " or ".join(f"sum({name}) <> 0" for name in summed)
    same = " and ".join(f"total.{key} is not distinct from change.{key}" for key in keys)
    grouped = f"group by {', '.join(keys)} having {some}"
    connection.execute(
        f"create or replace temp table change as select {', '.join(keys)}, {sums} from ("
        f"from new.{place} union all by name select * replace ({less}) from earlier.{place}) "
        f"{grouped}"
    )
    connection.execute(
        f"create or replace temp table changed as select {', '.join(keys)}, {sums} from ("
        f"select total.* from {own}.{place} as total semi join change on {same} "
        f"union all by name from change) {grouped}"
    )
    connection.execute(f"delete from {own}.{place} as total using change where {same}")
    connection.execute(f"insert into {own}.{place} by name from changed")


def _replace(connection: duckdb.DuckDBPyConnection, table: str, new: str, key: str | None) -> None:
    connection.execute(f"delete from {table} where mpan in (from point)")
    # A key was proven unique among the new rows and among the old: not across the two.
    if key is not None and _count(connection, f"{table} where {key} in (select {key} from {new})"):
        raise _Afresh(f"a {key} of {table} stands at another Metering Point too")
    connection.execute(f"insert into {table} by name from {new}")


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    return int(connection.execute(f"select count(*) from {rows}").fetchall()[0][0])
