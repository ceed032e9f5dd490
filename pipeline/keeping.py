"""What is done with publications after they were made: verified, copied, pruned, rolled back."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline import json_files
from pipeline.clock import today
from pipeline.errors import NoPublication, PipelineError
from pipeline.layout import Warehouse, replace_json, replace_text
from pipeline.leftovers import sweep_exports
from pipeline.publication import (
    Publication,
    current,
    file_sha256,
    mart_checksum,
    publications,
    read_manifest,
)
from pipeline.sql_text import exact_path

# C's `struct flock`: type, whence, start, length, process.
_FLOCK = "hhqqi4x"
Progress = Callable[[str, float], None]


class NotWhole(PipelineError):
    """A publication is not what its manifest says."""


@dataclass(frozen=True)
class Pruned:
    """What became of the publications beyond those to keep."""

    deleted: list[str]
    in_use: list[str]


def find(warehouse: Warehouse, publication_id: str) -> Publication:
    """A kept publication by its id, or by the beginning of one if only one has it."""
    found = [p for p in publications(warehouse) if p.publication_id.startswith(publication_id)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(p.publication_id for p in found)
        raise NoPublication(f"{publication_id!r} may mean any of {names}: write more of it.")
    names = ", ".join(p.publication_id for p in publications(warehouse)) or "none"
    raise NoPublication(f"There is no publication {publication_id!r} here; kept are: {names}.")


def verify(
    warehouse: Warehouse, chosen: Sequence[Publication], progress: Progress | None = None
) -> list[str]:
    """Recompute hash and checksums of publications; gives what is wrong, in sentences."""
    faults = _damaged(warehouse)
    for number, publication in enumerate(chosen):
        if progress:
            progress(publication.publication_id, number / len(chosen))
        faults += _faults(publication)
    return faults


def _damaged(warehouse: Warehouse) -> list[str]:
    """The JSON files beside publications that cannot be read, in sentences."""
    faults = []
    for path in sorted(warehouse.published.glob("*.manifest.json")):
        try:
            read_manifest(path)
        except json_files.DamagedFile as fault:
            faults.append(f"{path.name} cannot be read: {fault}")
    with suppress(FileNotFoundError):
        try:
            json_files.read(warehouse.last_failure, json_files.LastFailure)
        except json_files.DamagedFile as fault:
            faults.append(f"{warehouse.last_failure.name} cannot be read: {fault}")
    return faults


def _faults(publication: Publication) -> list[str]:
    return [*_faults_of_marts(publication), *_faults_of_dictionary(publication)]


def _faults_of_dictionary(publication: Publication) -> list[str]:
    stated = publication.manifest.get("dictionary")
    if stated is None:  # published before there were any
        return []
    path = publication.path.with_name(stated["file"])
    if path.exists() and file_sha256(path) == stated["sha256"]:
        return []
    return [
        f"{path.name} is not the data dictionary that was published: take it from a backup. The "
        "figures do not depend on it."
    ]


def _faults_of_marts(publication: Publication) -> list[str]:
    name, manifest = publication.path.name, publication.manifest
    if file_sha256(publication.path) == manifest.get("sha256"):
        found = {}
        with closing(duckdb.connect(str(publication.path), read_only=True)) as connection:
            for mart in manifest["marts"]:
                try:
                    found[mart] = mart_checksum(connection, mart)
                except duckdb.CatalogException:
                    return [f"{name} has no mart {mart}, which its manifest names."]
        return [
            f"{name}: {mart} holds {found[mart]['rows']:,} rows with checksum "
            f"{found[mart]['checksum']}, its manifest says {stated['rows']:,} and "
            f"{stated['checksum']}: made by another version of DuckDB, or by nobody here."
            for mart, stated in manifest["marts"].items()
            if found[mart] != stated
        ]
    return [
        f"{name} is not the file that was published (its sha256 differs): take it from a backup, "
        f"or make the day again with `run --as-of {manifest['as_of']}`."
    ]


def rollback(warehouse: Warehouse, publication_id: str | None) -> Publication:
    """Point readers at a kept publication; without an id at the one made before the current."""
    if publication_id is not None:
        target = find(warehouse, publication_id)
    else:
        now = current(warehouse)
        earlier = [
            p for p in publications(warehouse) if p.built_at < now.built_at and not p.is_ahead
        ]
        if not earlier:
            raise NoPublication(f"No publication made before {now.publication_id} is kept.")
        target = max(earlier, key=lambda p: p.built_at)
    if target.is_ahead:
        raise PipelineError(
            f"{target.publication_id} is for {target.as_of}, a day after today ({today()}): "
            "such a day does not become current."
        )
    faults = _faults(target)
    if faults:
        raise NotWhole(" ".join(faults))
    replace_text(warehouse.current_pointer, target.publication_id + "\n")
    return target


def prune(warehouse: Warehouse, keep: int) -> Pruned:
    """Delete all but the `keep` publications made last; never the current, never one in use.

    Manifests go with their files; the log of publications and the ledger of exceptions stay.
    """
    newest = sorted(publications(warehouse), key=lambda p: p.built_at, reverse=True)
    safe = {current(warehouse).publication_id} | {p.publication_id for p in newest[:keep]}
    pruned = Pruned([], [])
    for publication in newest:
        if publication.publication_id in safe:
            continue
        if _is_in_use(publication.path):
            pruned.in_use.append(publication.publication_id)
            continue
        # The file first: a manifest without its file is swept, and shown to nobody.
        publication.path.unlink()
        warehouse.dictionary(publication.publication_id).unlink(missing_ok=True)
        warehouse.manifest(publication.publication_id).unlink()
        pruned.deleted.append(publication.publication_id)
    sweep_exports(warehouse)
    return pruned


def _is_in_use(path: Path) -> bool:
    """Whether a process has the file open: DuckDB holds a lock on it for as long.

    Ask only while this process has it closed: closing it gives up every lock of the process.
    """
    # The file is read-only, so a lock for writing can be asked about, not taken.
    wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, wanted)
    finally:
        os.close(descriptor)
    kind: int = struct.unpack(_FLOCK, answer)[0]
    return kind != fcntl.F_UNLCK


def copy_parquet(
    publication: Publication, folder: Path, progress: Progress | None = None
) -> dict[str, int]:
    """Write every mart as `folder/<mart>.parquet`, replacing the copies of another day at once.

    The folder's `_publication.json` says which publication the copies are of. Gives rows by mart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / ".part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    marts = [*publication.manifest["marts"], "rpt_publication"]
    rows: dict[str, int] = {}
    with closing(duckdb.connect(str(publication.path), read_only=True)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for number, mart in enumerate(marts):
            if progress:
                progress(mart, number / len(marts))
            target = exact_path(part / f"{mart}.parquet")
            done = connection.execute(
                f"copy marts.{mart} to {target} (format parquet, compression zstd)"
            ).fetchone()
            rows[mart] = done[0] if done else 0
    for path in part.iterdir():
        path.replace(folder / path.name)
    part.rmdir()
    replace_json(folder / "_publication.json", publication.summary() | {"rows": rows})
    return rows
