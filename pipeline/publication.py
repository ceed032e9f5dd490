"""Publication: the tested marts in a new immutable file, and the pointer that readers follow.

A file name is used once. A process that holds the old file open keeps reading it undisturbed,
and whoever reads the pointer next sees the new one: nobody ever sees half a build.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from pipeline import CONTRACT_VERSION, dictionary, json_files, publication_log
from pipeline.clock import today
from pipeline.errors import GateFailed, NoPublication
from pipeline.intake.outcomes import COUNTED
from pipeline.layout import PROJECT, STORAGE, Warehouse, replace_json, replace_text
from pipeline.modes import make_read_only
from pipeline.sql_text import exact_path, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.build import BuildResult

LEFTOVER_PREFIX = ".part-"
_LONGEST_POINTER = 200
LARGE, PER_POINT = "large", "per_point"


@dataclass(frozen=True)
class Publication:
    """One publication: an immutable DuckDB file of tables in the schema `marts`."""

    publication_id: str
    path: Path
    manifest: dict[str, Any]

    @property
    def as_of(self) -> date:
        return date.fromisoformat(self.manifest["as_of"])

    @property
    def built_at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["built_at"])

    @property
    def contract(self) -> int:
        return int(self.manifest.get("contract", 1))

    @property
    def is_ahead(self) -> bool:
        """Whether it is for a day after today and was not explicitly allowed to be current."""
        return self.as_of > today() and not self.manifest.get("allow_future_dates", False)

    def summary(self) -> dict[str, Any]:
        """What `info --json` prints."""
        return {
            "path": str(self.path.resolve()),
            "publication_id": self.publication_id,
            "as_of": self.manifest["as_of"],
            "gate": self.manifest["gate"],
            "contract": self.contract,
        }


def publications(warehouse: Warehouse) -> list[Publication]:
    """Every whole publication, newest first: by as-of day, then by the instant it was built."""
    found = []
    for manifest_path in warehouse.published.glob("*.manifest.json"):
        try:
            manifest = read_manifest(manifest_path)
        except FileNotFoundError:
            continue  # deleted since the folder was listed
        except json_files.DamagedFile:
            continue  # `verify` names it
        publication_id = manifest["publication_id"]
        path = warehouse.publication(publication_id)
        if path.exists():
            found.append(Publication(publication_id, path, manifest))
    return sorted(found, key=lambda each: (each.as_of, each.built_at), reverse=True)


def read_manifest(path: Path) -> dict[str, Any]:
    """A manifest of a publication. Raises `DamagedFile` and FileNotFoundError."""
    manifest = json_files.read(path, json_files.PublicationManifest)
    if path.name != f"{manifest['publication_id']}.manifest.json":
        raise json_files.DamagedFile(
            f"{path} describes another publication, {manifest['publication_id']}: "
            "take it from a backup."
        )
    return manifest


def pointed_at(warehouse: Warehouse) -> str:
    """What the pointer names, whether or not there is such a publication; empty without one."""
    try:
        with warehouse.current_pointer.open("rb") as pointer:
            return pointer.read(_LONGEST_POINTER).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""


def current_among(kept: Sequence[Publication], pointed: str) -> Publication | None:
    """The current one of all kept publications, newest first.

    It is the one that the pointer names. If that is for a day after today, as after a file with a
    mistyped year, it is the newest that is not.
    """
    named = next((each for each in kept if each.publication_id == pointed), None)
    if named is None or not named.is_ahead:
        return named
    return next((each for each in kept if not each.is_ahead), None)


def kept_and_pointed(warehouse: Warehouse) -> tuple[list[Publication], str]:
    """Every kept publication, newest first, and what the pointer named all the while.

    While the folder is listed a new publication may be made and the named one deleted.
    """
    pointed = pointed_at(warehouse)
    while True:
        kept = publications(warehouse)
        now = pointed_at(warehouse)
        if now == pointed:
            return kept, pointed
        pointed = now


def current(warehouse: Warehouse) -> Publication:
    """The publication that readers see."""
    kept, pointed = kept_and_pointed(warehouse)
    found = current_among(kept, pointed)
    if found is not None:
        return found
    if not warehouse.current_pointer.exists():
        raise NoPublication(
            f"{warehouse.root} has no current publication. Make one with "
            "`python -m pipeline run --landing DIR --warehouse DIR`."
            if kept
            else f"{warehouse.root} holds no publication yet. Make one with "
            "`python -m pipeline run --landing DIR --warehouse DIR`."
        )
    if any(each.publication_id == pointed for each in kept):
        raise NoPublication(
            f"Every publication in {warehouse.root} is for a day after today, {today()}, and such "
            "a day is not shown as current. Run again for a day up to today, or with "
            "--allow-future-dates."
        )
    raise NoPublication(
        f"The pointer {warehouse.current_pointer} names {pointed!r}, which is not there. "
        "Publish again, or point readers at a kept one with "
        "`python -m pipeline rollback PUBLICATION`."
    )


def proven(warehouse: Warehouse) -> set[str]:
    """Fingerprints of the project whose unit tests all held when a kept publication was built."""
    found = (publication.manifest.get("proven") for publication in publications(warehouse))
    return {fingerprint for fingerprint in found if fingerprint}


def open_current(warehouse: Warehouse) -> tuple[Publication, duckdb.DuckDBPyConnection]:
    """The current publication, open for reading; close the connection.

    Between reading the pointer and opening the file, newer publications may be made and this one
    deleted: then the pointer is read again.
    """
    while True:
        publication = current(warehouse)
        try:
            return publication, duckdb.connect(str(publication.path), read_only=True)
        except duckdb.IOException:
            if publication.path.exists():
                raise


def last_failure(warehouse: Warehouse) -> dict[str, Any] | None:
    """What failed or held the newest build, unless one of its day or a later one passed since.

    A damaged file is not shown; `verify` names it.
    """
    with suppress(FileNotFoundError, json_files.DamagedFile):
        return json_files.read(warehouse.last_failure, json_files.LastFailure)
    return None


def publish(
    warehouse: Warehouse,
    result: BuildResult,
    *,
    make_current: bool = False,
    allow_future_dates: bool = False,
    state_rows: Mapping[str, int] | None = None,
    accepted_loss: Sequence[Mapping[str, Any]] = (),
    progress: Callable[[str, float], None] | None = None,
) -> Publication:
    """Copy the marts of a build that passed into a new publication and move the pointer to it.

    The pointer never moves back to an earlier as-of day unless `make_current` says so, and never to
    a day after today unless `allow_future_dates` does. A build that failed publishes nothing: what
    failed is written beside the pointer, for the dashboard. `state_rows` and `accepted_loss` go
    into the manifest: see `pipeline.holding`.
    """
    if not result.passed:
        publication_log.record_failure(warehouse, result)
        names = ", ".join(failure.name for failure in result.failures)
        raise GateFailed(
            f"The gate failed for {result.as_of}, nothing was published: {names}. "
            "The last publication remains current. Mend the cause and run again."
        )
    warehouse.published.mkdir(parents=True, exist_ok=True)
    _sweep(warehouse)
    built_at = _instant(warehouse)
    part = warehouse.published / f"{LEFTOVER_PREFIX}{os.getpid()}.duckdb"
    marts = _published_models(result.dbt_manifest)
    shutil.copyfile(warehouse.large_database, part)
    with closing(duckdb.connect(str(part), config=STORAGE)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {exact_path(warehouse.build_database)} as build (read_only)")
        checksums: dict[str, dict[str, Any]] = {}
        for position, mart in enumerate(marts):
            if progress:
                progress(mart["name"], position / len(marts))
            checksums[mart["name"]] = _copy(connection, mart)
        publication_id = _publication_id(result.as_of, built_at, checksums)
        manifest = _manifest(publication_id, result, built_at, checksums)
        manifest["files"] = _files(connection)
        manifest["state_rows"] = dict(state_rows or {})
        manifest["accepted_loss"] = list(accepted_loss)
        manifest["is_first_of_contract"] = _is_first_of_contract(connection)
        if allow_future_dates and result.as_of > today():
            manifest["allow_future_dates"] = True
        # An export relies on them: rows that are stored in a list's order need no sorting.
        manifest["orders"] = {
            mart["name"]: _order_of_rows(mart)
            for mart in marts
            if "points" not in result.scope or PER_POINT not in mart["config"]["tags"]
        }
        publication_log.add_mart(connection, warehouse, manifest)
        connection.execute("detach build")
        connection.execute("checkpoint")
    path = warehouse.publication(publication_id)
    manifest["sha256"] = file_sha256(part)
    manifest["bytes"] = part.stat().st_size
    make_read_only(part)
    part.replace(path)
    manifest["dictionary"] = _write_dictionary(warehouse, publication_id, result.dbt_manifest)
    replace_json(warehouse.manifest(publication_id), manifest)
    publication_log.append(warehouse, manifest)
    publication = Publication(publication_id, path, manifest)
    if not publication.is_ahead and (make_current or _is_newest(warehouse, publication)):
        replace_text(warehouse.current_pointer, publication_id + "\n")
        warehouse.last_failure.unlink(missing_ok=True)
    return publication


def _sweep(warehouse: Warehouse) -> None:
    """Remove what a killed publication left: parts, and files without a manifest or the reverse."""
    for leftover in warehouse.published.glob(f"{LEFTOVER_PREFIX}*"):
        leftover.unlink()
    files = {path.stem: path for path in warehouse.published.glob("*.duckdb")}
    manifests = {
        path.name.split(".")[0]: path for path in warehouse.published.glob("*.manifest.json")
    }
    for name in files.keys() ^ manifests.keys():
        (files.get(name) or manifests[name]).unlink()
    for path in warehouse.published.glob("*.dictionary.json"):
        if path.name.split(".")[0] not in files.keys() & manifests.keys():
            path.unlink()


def _write_dictionary(
    warehouse: Warehouse, publication_id: str, dbt_manifest: dict[str, Any]
) -> dict[str, Any]:
    """Write the data dictionary beside the publication; gives what its manifest says of it."""
    path = warehouse.dictionary(publication_id)
    dictionary.write(path, dbt_manifest)
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": file_sha256(path)}


def _instant(warehouse: Warehouse) -> datetime:
    """Now; after the newest on record all the same if the clock was set back."""
    now = datetime.now(UTC).replace(microsecond=0)
    last = publication_log.last_instant(warehouse)
    return max(now, last + timedelta(seconds=1)) if last else now


def _is_newest(warehouse: Warehouse, publication: Publication) -> bool:
    """Whether readers see no later day; days after today do not count against a day up to today."""
    kept, pointed = kept_and_pointed(warehouse)
    now = current_among(kept, pointed)
    others = [each for each in kept if not each.is_ahead] if now is None else [now]
    return all(
        publication.as_of >= other.as_of or publication.as_of <= today() < other.as_of
        for other in others
    )


def _published_models(dbt_manifest: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = [
        node
        for node in dbt_manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    return sorted(nodes, key=lambda node: str(node["name"]))


def primary_key(node: dict[str, Any]) -> list[str]:
    """The key columns that a model's contract declares."""
    for constraint in node["constraints"]:
        if constraint["type"] == "primary_key":
            return list(constraint["columns"])
    return [
        column["name"]
        for column in node["columns"].values()
        if any(constraint["type"] == "primary_key" for constraint in column["constraints"])
    ]


def _order_of_rows(node: dict[str, Any]) -> list[str]:
    return list(node["config"]["meta"].get("published_order") or primary_key(node))


def _copy(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> dict[str, Any]:
    """Copy one mart, sorted for its readers, with dbt's descriptions as comments.

    A large mart is there, in its order: it would take as long again to write it twice.
    """
    name = node["name"]
    if node["database"] != LARGE:
        connection.execute(
            f"create table marts.{name} as from build.marts.{name} "
            f"order by {', '.join(_order_of_rows(node))}"
        )
    connection.execute(f"comment on table marts.{name} is {_one_line(node['description'])}")
    for column in node["columns"].values():
        connection.execute(
            f"comment on column marts.{name}.{column['name']} is {_one_line(column['description'])}"
        )
    return mart_checksum(connection, name)


def mart_checksum(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    """Row count and checksum of one mart; the checksum does not depend on the order of rows."""
    row = connection.execute(
        f"select count(*), coalesce(sum(hash(mart)), 0) from marts.{name} as mart"
    ).fetchone()
    assert row is not None
    return {"rows": row[0], "checksum": f"{int(row[1]) % 2**128:032x}"}


def _one_line(text: str) -> str:
    return literal(" ".join(text.split()))


def _publication_id(as_of: date, built_at: datetime, checksums: dict[str, dict[str, Any]]) -> str:
    content = hashlib.sha256(json.dumps(checksums, sort_keys=True).encode()).hexdigest()
    return f"{as_of:%Y%m%d}-{built_at:%Y%m%dT%H%M%SZ}-{content[:8]}"


def _manifest(
    publication_id: str,
    result: BuildResult,
    built_at: datetime,
    checksums: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    return {
        "publication_id": publication_id,
        "as_of": result.as_of.isoformat(),
        "built_at": built_at.isoformat(),
        "gate": "passed",
        "contract": CONTRACT_VERSION,
        "code_version": code_version(),
        "proven": result.proven,
        "scope": result.scope,
        "duckdb_version": duckdb.__version__,
        "duration_seconds": round(result.seconds, 1),
        "tests": {"passed": result.tests, "failed": 0},
        "marts": checksums,
        "seeds": _seed_hashes(),
        "nodes": {
            name: {"status": "passed", "seconds": round(seconds, 3)}
            for name, seconds in sorted(result.seconds_by_node.items())
        },
    }


def _files(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The files known on the as-of day: what they hold and what became of them."""
    relation = connection.sql(
        "select file, sha256, outcome, error from marts.rpt_load order by file, sha256"
    )
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def _is_first_of_contract(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the publication of the as-of day before follows another contract."""
    row = connection.execute(
        "select coalesce(arg_max(is_last_of_contract, as_of), false) from build.raw.exception_build"
    ).fetchone()
    assert row is not None
    return bool(row[0])


def files_of(publication: Publication) -> set[tuple[str, str]]:
    """The files that a publication was made of: name and sha256.

    Not those that it refused: the same content may be accepted since.
    """
    return {
        (file["file"], file["sha256"])
        for file in publication.manifest.get("files", [])
        if file["outcome"] in COUNTED
    }


def _seed_hashes() -> dict[str, str]:
    seeds = PROJECT / "seeds"
    return {
        str(path.relative_to(seeds)): file_sha256(path) for path in sorted(seeds.rglob("*.csv"))
    }


def code_version() -> str:
    """The commit that built, or `unknown` outside a git checkout."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(PROJECT), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip()


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def closing_summary(publication: Publication) -> list[str]:
    """What a run says at the end: points, Suppliers, exceptions by rule, where it all is."""
    with closing(duckdb.connect(str(publication.path), read_only=True)) as connection:
        headline = connection.execute(
            "select live_metering_points, points_not_qualified, suppliers, suppliers_qualified "
            "from marts.rpt_m14_headline"
        ).fetchone()
        by_rule = connection.execute(
            "select rule_id, sum(exceptions) from marts.rpt_exception_summary "
            "group by rule_id having sum(exceptions) > 0 order by rule_id"
        ).fetchall()
    assert headline is not None
    points, not_qualified, suppliers, qualified = headline
    return [
        f"as of        {publication.manifest['as_of']}",
        f"points       {points:,} live, {not_qualified:,} held by non-Qualified Suppliers",
        f"Suppliers    {suppliers:,}, {qualified:,} of them Qualified",
        "exceptions   " + (", ".join(f"{rule} {count:,}" for rule, count in by_rule) or "none"),
        f"publication  {publication.path}",
    ]
