"""What is in the landing folder in place of a plain file, and what cannot be read there."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.intake import opening, reading
from tests.command import pipeline
from tests.python.intake_folder import COLUMNS, Folder, parquet_bytes, refused

NAME = "migration_full_20260101.csv"
GOOD = b"mpan,direction,effective_from\n1012345678901,FORWARD,2026-01-01\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def _socket(path: Path) -> None:
    # The path of a socket is short, so it is bound beside itself and moved.
    short = Path(f"/tmp/.s{os.getpid()}")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(short))
    short.rename(path)


def _outside(path: Path) -> Path:
    there = path.parents[2] / "elsewhere"
    there.mkdir()
    (there / path.name).write_bytes(GOOD)
    return there / path.name


def _climbing(path: Path) -> None:
    _outside(path)
    path.symlink_to(Path("..") / ".." / "elsewhere" / path.name)


def _by_a_folder(path: Path) -> None:
    outside = _outside(path)
    (path.parents[1] / "stage").symlink_to(outside.parent)
    path.symlink_to(path.parents[1] / "stage" / path.name)


def _to_a_folder(path: Path) -> None:
    (path.parent / ".inside").mkdir()
    path.symlink_to(".inside")


STRANGE: dict[str, Callable[[Path], Any]] = {
    "a folder": Path.mkdir,
    "a FIFO": os.mkfifo,
    "a socket": _socket,
    "a device": lambda path: os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5)),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to nothing below a file": lambda path: path.symlink_to("/etc/hostname/x"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a folder": _to_a_folder,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link out of the landing folder": lambda path: path.symlink_to(_outside(path)),
    "a link that climbs out": _climbing,
    "a link by way of a linked folder": _by_a_folder,
}


def _make(what: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        STRANGE[what](path)
    except PermissionError:
        pytest.skip("only root makes a device")


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("ext", ["csv", "csv.gz", "parquet"])
def test_what_is_not_a_file_is_on_record_and_stops_nothing(
    folder: Folder, what: str, ext: str
) -> None:
    folder.put("migration_delta_20260102.parquet", parquet_bytes(COLUMNS | {"change_type": ["U"]}))
    _make(what, folder.landing / "migration" / f"migration_full_20260101.{ext}")
    other, strange = (o for o in folder.load().files if o.extract == "migration")
    assert other.outcome == "accepted"
    refused(strange, "NOT_A_FILE")
    assert strange.business_date is not None
    loads = folder.query("SELECT error, sha256 FROM raw.load WHERE outcome = 'refused'")
    assert ("NOT_A_FILE", None) in loads


@pytest.mark.parametrize("what", STRANGE)
def test_what_is_not_a_file_as_a_manifest(folder: Folder, what: str) -> None:
    path = folder.put(NAME, GOOD)
    _make(what, path.with_name(f"{NAME}.manifest.json"))
    refused(next(o for o in folder.load().files if o.extract == "migration"), "MANIFEST_MISMATCH")
    assert folder.query("SELECT count(*) FROM raw.migration") == [(0,)]


def test_a_bad_name_comes_first(folder: Folder) -> None:
    (folder.landing / "migration" / "old files").mkdir(parents=True)
    outcome = folder.only()
    refused(outcome, "BAD_NAME")
    assert "a folder" in outcome.detail


def test_the_file_takes_the_place_of_what_was_none(folder: Folder) -> None:
    path = folder.landing / "migration" / NAME
    _make("a folder", path)
    refused(folder.only(), "NOT_A_FILE")
    path.rmdir()
    folder.put(NAME, GOOD)
    assert folder.only().outcome == "accepted"
    assert len(folder.query("FROM raw.load")) == 2


@pytest.mark.parametrize("manifest", [{"rows": 1}, {"rows": 2}])
def test_links_inside_the_landing_folder_are_followed(
    folder: Folder, manifest: dict[str, int]
) -> None:
    inbox = folder.landing / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "a").write_bytes(GOOD)
    (inbox / "b").write_text(str(manifest).replace("'", '"'))
    (folder.landing / "real").mkdir()
    (folder.landing / "migration").symlink_to("real")
    (folder.landing / "real" / NAME).symlink_to("../inbox/a")
    (folder.landing / "real" / f"{NAME}.manifest.json").symlink_to(inbox / "b")
    outcome = folder.only()
    assert outcome.error == (None if manifest["rows"] == 1 else "MANIFEST_MISMATCH")


def test_a_landing_folder_that_is_a_link(folder: Folder, tmp_path: Path) -> None:
    folder.put(NAME, GOOD)
    folder.landing.rename(tmp_path / "real")
    folder.landing.symlink_to("real")
    assert folder.only().outcome == "accepted"


def test_a_file_that_becomes_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    """Between the look at a path and its opening it may be another."""
    path = tmp_path / "a"
    path.write_bytes(GOOD)
    real = opening.plain_file(path, tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(opening.NotAFile):
        opening.open_plain(real)
    path.unlink()
    path.symlink_to("/etc/hostname")
    with pytest.raises(opening.NotAFile):
        opening.open_plain(real)
    path.unlink()
    with pytest.raises(opening.Gone):
        opening.open_plain(real)


@pytest.mark.parametrize("ext", ["csv", "csv.gz", "csv.zst", "parquet"])
@pytest.mark.parametrize("fault", ["EACCES", "EIO"])
def test_what_this_machine_cannot_read_stays_new(
    folder: Folder, ext: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no fault of the file, and the others load."""
    name = f"migration_full_20260101.{ext}"
    folder.put(name, GOOD)
    folder.put("migration_delta_20260102.parquet", parquet_bytes(COLUMNS | {"change_type": ["U"]}))
    real_open = os.open

    def broken(path: Any, *rest: Any, **options: Any) -> int:
        if str(path).endswith(name):
            if fault == "EACCES":
                raise PermissionError(errno.EACCES, "Permission denied")
            return real_open("/proc/self/mem", *rest, **options)  # EIO as soon as it is read
        return real_open(path, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", broken)
        other, unread = folder.load().files
        assert other.outcome == "accepted"
        refused(unread, "UNREADABLE")
        assert "stays new" in unread.detail
        assert os.strerror(getattr(errno, fault)) in unread.detail
    assert folder.query("SELECT count(*) FROM raw.load") == [(1,)]


@pytest.mark.parametrize("name", [NAME, "migration_full_20260101.parquet"])
def test_an_error_of_our_own_disk_is_no_fault_of_the_file(
    folder: Folder, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops and says so, and the file stays new."""
    folder.put(name, parquet_bytes(COLUMNS) if name.endswith("parquet") else GOOD)
    places = reading.Places

    def elsewhere(*paths: Path) -> reading.Places:
        return places(*(Path("/proc/nowhere") / path.name for path in paths))

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.intake.loader.Places", elsewhere)
        with pytest.raises((OSError, duckdb.IOException)):
            folder.load()
    assert folder.query("SELECT count(*) FROM raw.load") == [(0,)]
    assert folder.only().outcome == "accepted"


def test_a_parquet_file_at_fault_is_refused_all_the_same(folder: Folder) -> None:
    content = bytearray(parquet_bytes({name: each * 5000 for name, each in COLUMNS.items()}))
    content[4:60] = b"\xff" * 56
    folder.put("migration_full_20260103.parquet", bytes(content))
    refused(folder.only(), "UNREADABLE")


def test_from_the_command_line(folder: Folder, tmp_path: Path) -> None:
    """A load among FIFOs ends, names them, and takes the rest."""
    folder.put(NAME, GOOD)
    os.mkfifo(folder.landing / "migration" / "migration_delta_20260102.csv")
    os.mkfifo(folder.landing / "migration" / f"{NAME}.manifest.json")
    done: list[str] = []
    where = ("--landing", folder.landing, "--warehouse", folder.warehouse)
    thread = threading.Thread(
        target=lambda: done.append(pipeline("load", *where).stderr), daemon=True
    )
    thread.start()
    thread.join(60)
    assert done, "the load hangs"
    assert "migration_delta_20260102.csv was refused, NOT_A_FILE: it is a FIFO" in done[0]
    assert f"{NAME} was refused, MANIFEST_MISMATCH: its manifest is a FIFO" in done[0]
